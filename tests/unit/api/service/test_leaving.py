"""A process that leaves lets answers end, interrupts the rest, and lets its followers go last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from api.core.errors import ChatError, Code
from api.core.events import Ended
from api.core.lifecycle import Status
from api.service import leaving as leaving_module
from api.service import runner
from api.service.follow import Follower
from api.service.leaving import Leaving
from tests.support.backends import Backend
from tests.support.chats import Halting, World, spoken, world

pytestmark = pytest.mark.anyio

LONG = 60


def leaving(ann: World) -> Leaving:
    return Leaving(chat=ann.chat, runner=ann.runner, store=ann.backend.store)


class Clinging:
    """Takes every cancellation for a mishap, until it is released."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()
        self.released = asyncio.Event()

    async def speak(self, _: Any) -> AsyncIterator[Any]:
        yield "half"
        self.waits.set()
        while not self.released.is_set():
            with suppress(asyncio.CancelledError):
                await self.released.wait()


async def told(follower: Follower) -> list[Any]:
    """Everything until it is let go."""
    found: list[Any] = []
    while (turn := await follower.turn()) is not None:
        found += turn.follow.waiting
        turn.follow.took(len(turn.follow.waiting))
    return found


async def test_answers_end_before_followers_are_let_go(backend: Backend) -> None:
    chain = Halting("half ", then="whole")
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    follower = ann.chat.follower("rest")
    follower.follow(await ann.chat.begin_after(accepted))
    telling = asyncio.create_task(told(follower))
    going = asyncio.create_task(leaving(ann)(LONG))
    await asyncio.sleep(0)
    with pytest.raises(ChatError) as refused:
        await ann.chat.retry("ann", accepted.pending_message_id)
    assert (refused.value.code, bool(refused.value.retry_after_ms)) == (Code.OVERLOADED, True)
    assert not going.done()
    chain.released.set()
    await going
    last = (await telling)[-1]
    assert isinstance(last, Ended)
    assert last.status is Status.COMPLETE
    late = ann.chat.follower("rest")
    assert await late.turn() is None, "whoever comes now is let go as well"


async def test_what_was_accepted_just_before_gets_its_time(backend: Backend) -> None:
    chain = Halting(then="whole")
    ann = world(backend, spoken(chain.speak))
    async with backend.commit_under_way():
        sending = asyncio.create_task(ann.chat.send("ann", "Why?"))
        await asyncio.sleep(0)
        going = asyncio.create_task(leaving(ann)(LONG))
        for _ in range(10):
            await asyncio.sleep(0)
    accepted = await sending
    await chain.waits.wait()
    assert not going.done()
    chain.released.set()
    await going
    assert (await ann.answered(accepted.pending_message_id)).status is Status.COMPLETE


async def test_what_outlives_the_time_is_interrupted(backend: Backend) -> None:
    chain = Halting("half")
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    await leaving(ann)(0)
    answer = await backend.store.message("ann", accepted.pending_message_id)
    assert (answer.content, answer.status) == ("half", Status.INTERRUPTED)
    assert chain.closed.is_set()


async def test_so_is_what_does_not_let_go(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "STOP_PATIENCE_S", 0.1)
    chain = Clinging()
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    try:
        await leaving(ann)(0)
        answer = await backend.store.message("ann", accepted.pending_message_id)
    finally:
        chain.released.set()
    assert (answer.content, answer.status) == ("half", Status.INTERRUPTED)
    assert answer.error is not None
    assert answer.error.code is Code.INTERRUPTED


@pytest.mark.parametrize("ended_s", [0.01, 10])
async def test_a_database_that_is_away_does_not_hold_it_up(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, ended_s: float
) -> None:
    monkeypatch.setattr(runner, "STOP_PATIENCE_S", 0.1)
    monkeypatch.setattr(leaving_module, "ENDED_S", ended_s)
    chain = Clinging()
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    try:
        with backend.locked():
            await leaving(ann)(0)
        assert await ann.chat.follower("rest").turn() is None
    finally:
        chain.released.set()
    await ann.answered(accepted.pending_message_id)
