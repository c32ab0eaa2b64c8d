"""Events of answers that ended long ago go; whoever is behind them is told."""

import pytest

from api.core.events import Event
from api.core.lifecycle import Status
from api.core.records import Position
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio

HOUR = 3600.0
LATER = 3 * HOUR
"""PostgreSQL keeps whole hours, so what is an hour old may stay for one more."""


async def read(backend: Backend, session_id: str, after: int) -> tuple[list[Event], bool]:
    reading = await backend.log.read(session_id, Position(backend.log.epoch, after))
    return list(reading.events), reading.lost


async def trim(backend: Backend) -> int:
    """Drops what ended more than an hour ago."""
    now = backend.clock()
    backend.clock.forward(-HOUR)
    try:
        return await backend.log.trim(backend.clock())
    finally:
        backend.clock.time = now


async def test_the_log_of_a_new_session_is_whole(backend: Backend) -> None:
    sent = await backend.send()
    state = await backend.log.state(sent.session_id)
    assert (state.end, state.trimmed) == (Position(backend.log.epoch, 2), 0)
    assert state.active_from == sent.accepted.before.seq


async def test_an_ended_answer_is_not_active(backend: Backend) -> None:
    sent = await backend.exchange()
    assert (await backend.log.state(sent.session_id)).active_from is None


async def test_pieces_are_kept_for_the_retention(backend: Backend) -> None:
    sent = await backend.exchange()
    backend.clock.forward(HOUR)
    assert await trim(backend) == 0
    assert len(await backend.events(sent.session_id)) == 4


async def test_after_the_retention_they_go_and_a_cursor_before_is_lost(backend: Backend) -> None:
    sent = await backend.exchange()
    backend.clock.forward(LATER)
    assert await trim(backend) == 1
    assert (await backend.log.state(sent.session_id)).trimmed == 4
    for behind in range(4):
        assert await read(backend, sent.session_id, behind) == ([], True)
    assert await read(backend, sent.session_id, 4) == ([], False)
    assert (await backend.store.message("ann", sent.answer_id)).content == "Fine."


async def test_seq_goes_on_after_a_trim(backend: Backend) -> None:
    sent = await backend.exchange()
    backend.clock.forward(LATER)
    await trim(backend)
    later = await backend.send(session=sent.session_id)
    assert [event.seq for event in await backend.events(sent.session_id, 4)] == [5, 6]
    assert later.accepted.before.seq == 5


async def test_events_of_a_running_answer_are_never_trimmed(backend: Backend) -> None:
    session = (await backend.exchange()).session_id
    running = await backend.send(session=session)
    await backend.say(running, "slow")
    backend.clock.forward(100 * HOUR)
    await trim(backend)
    found, lost = await read(backend, session, running.accepted.before.seq)
    assert (len(found), lost) == (2, False)
    await backend.end(running)
    assert (await backend.store.message("ann", running.answer_id)).content == "slow"


async def test_what_ended_lately_is_kept_behind_what_ended_long_ago(backend: Backend) -> None:
    old = await backend.exchange()
    backend.clock.forward(LATER)
    new = await backend.exchange(session=old.session_id)
    await trim(backend)
    state = await backend.log.state(old.session_id)
    assert state.trimmed == 4
    found, lost = await read(backend, old.session_id, 4)
    assert ([event.seq for event in found], lost) == ([5, 6, 7, 8], False)
    assert new.accepted.before.seq == 5


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED, Status.INTERRUPTED])
async def test_every_kind_of_end_is_trimmed(backend: Backend, status: Status) -> None:
    sent = await backend.send()
    await backend.end(sent, status)
    backend.clock.forward(LATER)
    assert await trim(backend) == 1


async def test_trimming_again_finds_nothing(backend: Backend) -> None:
    for _ in range(3):
        await backend.exchange()
    backend.clock.forward(LATER)
    assert await trim(backend) > 0
    assert await trim(backend) == 0


async def test_another_epochs_position_is_lost(backend: Backend) -> None:
    sent = await backend.exchange()
    reading = await backend.log.read(sent.session_id, Position("another", 2))
    assert (reading.lost, list(reading.events)) == (True, [])
