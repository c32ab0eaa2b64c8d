"""So little is indexed at a time that nobody has to wait for it."""

import pytest

from api.store import indexing
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


async def steps(backend: Backend) -> list[int]:
    """How many messages each step took."""
    found: list[int] = []
    while some := await backend.database.readers.read(indexing.waiting):
        found.append(len(some))
        await backend.archive.index()
    return found


async def test_so_many_messages_go_at_a_time(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "MESSAGES", 3)
    for _ in range(7):
        await backend.send("heron")
    assert await steps(backend) == [3, 3, 1]


async def test_so_much_text_goes_at_a_time_and_one_message_at_least(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "CHARS", 10)
    for content in ("a heron", "a heron", "a heron that is longer", "heron"):
        await backend.send(content)
    assert await steps(backend) == [2, 1, 1]


async def test_what_has_no_words_waits_no_longer_and_is_no_entry(backend: Backend) -> None:
    await backend.send("?!")
    assert await steps(backend) == [1]
    assert await steps(backend) == []


async def test_a_search_writes_nothing_if_nothing_waits(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backend.send("heron")
    await backend.indexed()
    monkeypatch.delattr(type(backend.writer), "submit")
    assert not await backend.archive.index("ann")
