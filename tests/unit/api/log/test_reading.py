"""How much of a log one read takes from the database."""

import pytest

from api.core.events import Created, Piece
from api.core.records import Position
from api.log import log
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


async def reads(backend: Backend, session_id: str) -> list[list[int]]:
    """The numbers of the events of each read, from the log's beginning to its end."""
    found: list[list[int]] = []
    after = 0
    while events := (await backend.log.read(session_id, Position(backend.log.epoch, after))).events:
        found.append([event.seq for event in events])
        after = events[-1].seq
    return found


async def said(backend: Backend, *texts: str) -> str:
    """A session of two messages and then these pieces."""
    sent = await backend.send()
    await backend.say(sent, *texts)
    backend.log._tails.drop(sent.session_id)  # what is in memory is not read from the database
    return sent.session_id


async def test_a_read_ends_where_so_much_text_has_been_read(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await said(backend, *["x" * 1000] * 10)
    monkeypatch.setattr(log, "READ_CHARS", 4000)
    found = await reads(backend, session_id)
    assert [seq for numbers in found for seq in numbers] == list(range(1, 13))
    assert len(found[1]) == 4


async def test_a_read_is_never_empty_for_want_of_room(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await said(backend, "x" * 1000, "y")
    monkeypatch.setattr(log, "READ_CHARS", 1)
    assert await reads(backend, session_id) == [[1], [2], [3], [4]]


@pytest.mark.parametrize("most", [1, 3, 256])
async def test_a_read_takes_so_many_events_at_most(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    session_id = await said(backend, *["x"] * 40)
    monkeypatch.setattr(log, "READ_EVENTS", most)
    found = await reads(backend, session_id)
    assert [seq for numbers in found for seq in numbers] == list(range(1, 43))
    assert max(len(numbers) for numbers in found) == min(most, 42)


async def test_what_is_read_is_what_was_written(backend: Backend) -> None:
    session_id = await said(backend, "a", "bc")
    events = (await backend.log.read(session_id, Position(backend.log.epoch, 0))).events
    assert [type(event) for event in events] == [Created, Created, Piece, Piece]
    assert [event.content for event in events if isinstance(event, Piece)] == ["a", "bc"]
