"""Sessions are listed, named and deleted by their owner alone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from api.core.errors import ChatError, Code
from api.core.events import Ended
from api.core.lifecycle import Status
from api.core.records import Position, Session
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


async def made(backend: Backend, count: int, user: str = "ann") -> list[Session]:
    """Sessions, newest activity first."""
    found = []
    for number in range(count):
        backend.clock.forward(1)
        found.append(await backend.store.create_session(user, f"Session {number}", "rag"))
    return found[::-1]


async def test_a_new_session_has_what_it_was_made_of(backend: Backend) -> None:
    session = await backend.store.create_session("ann", "Travels", "scripted")
    assert (session.title, session.chain, session.revision) == ("Travels", "scripted", 1)
    assert (session.message_count, session.last_message_preview) == (0, "")
    assert session.created_at == session.updated_at == backend.clock()
    assert await backend.store.session("ann", session.id) == session


async def test_sessions_are_listed_newest_activity_first(backend: Backend) -> None:
    sessions = await made(backend, 3)
    backend.clock.forward(1)
    await backend.exchange(session=sessions[-1].id)
    listed = await backend.store.sessions("ann", 50)
    assert [session.id for session in listed] == [sessions[i].id for i in (2, 0, 1)]


async def test_only_ones_own_sessions_are_listed(backend: Backend) -> None:
    await made(backend, 2, user="bob")
    mine = await made(backend, 1)
    assert list(await backend.store.sessions("ann", 50)) == mine


async def test_offset_skips(backend: Backend) -> None:
    sessions = await made(backend, 5)
    assert list(await backend.store.sessions("ann", 2, offset=3)) == sessions[3:]


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_the_cursor_meets_every_session_once(backend: Backend, limit: int) -> None:
    sessions = await made(backend, 5)
    met: list[Session] = []
    while found := await backend.store.sessions(
        "ann", limit, before=(met[-1].updated_at, met[-1].id) if met else None
    ):
        met += found
    assert met == sessions


async def test_the_cursor_tells_apart_what_happened_at_the_same_time(backend: Backend) -> None:
    same = {(await backend.store.create_session("ann", "Twin", "rag")).id for _ in range(5)}
    met: list[Session] = []
    while found := await backend.store.sessions(
        "ann", 2, before=(met[-1].updated_at, met[-1].id) if met else None
    ):
        met += found
    assert (len(met), {session.id for session in met}) == (5, same)


async def test_the_cursor_neither_repeats_nor_skips_while_sessions_move(backend: Backend) -> None:
    sessions = await made(backend, 6)
    first = list(await backend.store.sessions("ann", 3))
    backend.clock.forward(1)
    await backend.exchange(session=sessions[1].id)
    rest = await backend.store.sessions("ann", 3, before=(first[-1].updated_at, first[-1].id))
    assert [session.id for session in rest] == [session.id for session in sessions[3:]]


async def test_a_new_name_raises_the_revision_and_moves_nothing(backend: Backend) -> None:
    newer, older = await made(backend, 2)
    backend.clock.forward(1)
    renamed = await backend.store.rename("ann", older.id, "Better")
    assert (renamed.title, renamed.revision) == ("Better", older.revision + 1)
    assert await backend.store.session("ann", older.id) == renamed
    assert [session.id for session in await backend.store.sessions("ann", 50)] == [newer.id, older.id]


async def test_everything_that_happens_raises_the_revision(backend: Backend) -> None:
    sent = await backend.send()
    revisions = [(await backend.store.session("ann", sent.session_id)).revision]
    await backend.end(sent)
    revisions.append((await backend.store.session("ann", sent.session_id)).revision)
    await backend.store.rename("ann", sent.session_id, "New")
    revisions.append((await backend.store.session("ann", sent.session_id)).revision)
    await backend.send(session=sent.session_id)
    revisions.append((await backend.store.session("ann", sent.session_id)).revision)
    assert revisions == sorted(set(revisions))


CALLS: list[Callable[[Backend, str], Awaitable[object]]] = [
    lambda backend, session: backend.store.session("ann", session),
    lambda backend, session: backend.store.rename("ann", session, "Mine"),
    lambda backend, session: backend.store.delete("ann", session),
    lambda backend, session: backend.store.page("ann", session, 50, None),
]


@pytest.mark.parametrize("call", CALLS)
async def test_foreign_unknown_and_deleted_sessions_look_the_same(
    backend: Backend, call: Callable[[Backend, str], Awaitable[object]]
) -> None:
    foreign = (await backend.exchange(user="bob")).session_id
    deleted = (await backend.exchange()).session_id
    await backend.store.delete("ann", deleted)
    before = await backend.store.session("bob", foreign)
    for session in (foreign, deleted, "unknown"):
        with pytest.raises(ChatError) as refused:
            await call(backend, session)
        assert (refused.value.code, refused.value.ids) == (Code.NOT_FOUND, {"session_id": session})
    assert await backend.store.session("bob", foreign) == before


async def test_deleting_cancels_the_running_answer_with_its_event(backend: Backend) -> None:
    sent = await backend.send()
    await backend.say(sent, "half")
    assert await backend.store.delete("ann", sent.session_id) == sent.answer_id
    last = backend.published[-1]
    assert isinstance(last, Ended)
    assert (last.message_id, last.status, last.length) == (sent.answer_id, Status.CANCELLED, 4)
    assert await backend.running() == set()
    assert await backend.end(sent) is None


async def test_deleting_a_quiet_session_cancels_nothing(backend: Backend) -> None:
    sent = await backend.exchange()
    assert await backend.store.delete("ann", sent.session_id) is None
    assert await backend.store.sessions("ann", 50) == []


async def test_followers_of_a_deleted_session_read_to_its_last_event_and_are_let_go(backend: Backend) -> None:
    sent = await backend.send()
    woken: list[int] = []
    undo = backend.log.watch(sent.session_id, lambda: woken.append(1))
    await backend.say(sent, "half")
    await backend.store.delete("ann", sent.session_id)
    assert len(woken) == 2
    reading = await backend.log.read(sent.session_id, Position(backend.log.epoch, 2))
    assert (isinstance(reading.events[-1], Ended), reading.gone) == (True, False)
    end = Position(backend.log.epoch, reading.events[-1].seq)
    assert (await backend.log.read(sent.session_id, end)).gone
    undo()


async def test_one_who_deletes_against_one_who_finishes_makes_one_end(backend: Backend) -> None:
    for _ in range(20):
        sent = await backend.send()
        await asyncio.gather(backend.end(sent), backend.store.delete("ann", sent.session_id))
        ends = [event for event in backend.published if event.message_id == sent.answer_id][1:]
        assert len(ends) == 1


async def test_what_was_deleted_is_erased_after_a_while_and_nothing_else(backend: Backend) -> None:
    deleted, kept = await backend.exchange(), await backend.exchange()
    await backend.store.delete("ann", deleted.session_id)
    assert not await backend.store.purge(backend.clock())
    assert await backend.store.purge(backend.clock() + timedelta(seconds=1))
    assert (await backend.log.read(deleted.session_id, Position(backend.log.epoch, 0))).gone
    with pytest.raises(ChatError) as refused:
        await backend.log.state(deleted.session_id)
    assert refused.value.code is Code.NOT_FOUND
    assert (await backend.store.message("ann", kept.answer_id)).content == "Fine."
    assert len(await backend.events(kept.session_id)) == 4


async def test_where_a_log_ends_is_told_to_its_owner_alone_and_while_it_is_there(backend: Backend) -> None:
    sent = await backend.exchange()
    assert await backend.log.state(sent.session_id, "ann") == await backend.log.state(sent.session_id)
    with pytest.raises(ChatError) as refused:
        await backend.log.state(sent.session_id, "bob")
    assert refused.value.code is Code.NOT_FOUND
    await backend.store.delete("ann", sent.session_id)
    with pytest.raises(ChatError) as refused:
        await backend.log.state(sent.session_id, "ann")
    assert refused.value.code is Code.NOT_FOUND
