"""Whoever is forgotten is forgotten to the end, and all that watch are told."""

import asyncio

import pytest

from api.core.errors import ChatError, Code
from api.core.events import Piece
from api.core.lifecycle import Status
from api.service.archive import Forgotten
from api.service.forgetting import Forgetting
from api.service.ports import SessionHint
from api.store import forgetting
from tests.support.backends import Backend
from tests.support.chats import Halting, World, spoken, world
from tests.support.fakes import Gate

pytestmark = pytest.mark.anyio


def forgetting_of(world: World) -> Forgetting:
    return Forgetting(archive=world.backend.archive, runner=world.runner, hints=world.hints)


async def said(backend: Backend, session_id: str) -> None:
    """Until a piece of the answer that runs there is committed."""
    committed = asyncio.Event()
    undo = backend.log.watch(session_id, committed.set)
    while not any(isinstance(event, Piece) for event in backend.published):
        committed.clear()
        await committed.wait()
    undo()


async def test_running_answers_are_stopped_and_every_session_is_told_of(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "SESSIONS", 2)
    chain = Halting("half")
    ann = world(backend, spoken(chain.speak))
    running = await ann.chat.send("ann", "Why?")
    await said(backend, running.session_id)
    sessions = {running.session_id, *[(await backend.exchange()).session_id for _ in range(4)]}
    bobs = await backend.exchange(user="bob")
    ann.hints.told.clear()
    await forgetting_of(ann)("ann")
    async with asyncio.timeout(5):  # before its time limit ends it
        await chain.closed.wait()
    told = [hint for user, hint in ann.hints.told if user == "ann"]
    assert {hint for hint in told if isinstance(hint, SessionHint)} >= {
        SessionHint(each) for each in sessions
    }
    assert await backend.store.sessions("ann", 50) == []
    assert [each.id for each in await backend.store.sessions("bob", 50)] == [bobs.session_id]
    ended = [event for event in backend.published if event.message_id == running.pending_message_id][-1]
    assert getattr(ended, "status", None) is Status.CANCELLED


async def test_a_caller_who_leaves_breaks_nothing_off(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "SESSIONS", 1)
    ann = world(backend, spoken(Halting().speak))
    for _ in range(3):
        await backend.exchange()
    forget, gate = backend.archive.forget, Gate()

    async def gated(user_id: str) -> Forgotten:
        await gate.passing()
        return await forget(user_id)

    monkeypatch.setattr(backend.archive, "forget", gated)
    subject = forgetting_of(ann)
    caller = asyncio.create_task(subject("ann"))
    await gate.reached.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    gate.open()
    await subject.settled()
    assert await backend.store.sessions("ann", 50) == []


async def test_what_the_database_broke_off_is_resumed(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "SESSIONS", 1)
    ann = world(backend, spoken(Halting().speak))
    sessions = [(await backend.exchange()).session_id for _ in range(3)]
    forget, steps = backend.archive.forget, 0

    async def away_after_the_first(user_id: str) -> Forgotten:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise ChatError(Code.STORAGE_UNAVAILABLE)
        return await forget(user_id)

    monkeypatch.setattr(backend.archive, "forget", away_after_the_first)
    subject = forgetting_of(ann)
    with pytest.raises(ChatError):
        await subject("ann")
    assert len(await backend.store.sessions("ann", 50)) == 2
    await subject.resume()
    assert await backend.store.sessions("ann", 50) == []
    assert [hint for _, hint in ann.hints.told] == [SessionHint(each) for each in reversed(sessions)]


async def test_where_nobody_is_half_forgotten_nothing_is_done(backend: Backend) -> None:
    ann = world(backend, spoken(Halting().speak))
    sent = await backend.exchange()
    await forgetting_of(ann).resume()
    assert [each.id for each in await backend.store.sessions("ann", 50)] == [sent.session_id]
