"""An answer that is stopped, or whose end meets trouble, still ends once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from api.core.errors import Code
from api.core.events import Ended
from api.core.lifecycle import Status
from api.core.notes import What
from api.log import appender
from api.service import generate
from api.service.ports import Ending
from tests.support.backends import Backend
from tests.support.chats import SOON_S, Halting, job, saying, spoken, world
from tests.support.fakes import Gate

pytestmark = pytest.mark.anyio


def endings(backend: Backend) -> list[Ended]:
    return [event for event in backend.published if isinstance(event, Ended)]


class Stubborn:
    """A chain that takes every cancellation for a mishap and goes on waiting."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()
        self.released = asyncio.Event()

    async def speak(self, _: Any) -> AsyncIterator[Any]:
        yield "half"
        self.waits.set()
        while not self.released.is_set():
            with suppress(asyncio.CancelledError):
                await self.released.wait()


async def test_a_chain_that_neither_speaks_nor_lets_go_is_left_behind(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "PATIENCE_S", 0.1)
    chain = Stubborn()
    answer = await world(backend, spoken(chain.speak), gap=SOON_S).asked()
    assert answer.error is not None
    assert (answer.content, answer.error.code) == ("half", Code.CHAIN_TIMEOUT)
    chain.released.set()


async def test_a_chain_that_does_not_let_go_is_stopped_all_the_same(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "PATIENCE_S", 0.1)
    chain = Stubborn()
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    assert await ann.chat.stop("ann", accepted.pending_message_id) is Status.CANCELLED
    assert (await ann.answered(accepted.pending_message_id)).content == "half"
    chain.released.set()


async def test_a_stopped_answer_keeps_its_text_and_the_stream_is_closed(backend: Backend) -> None:
    chain = Halting("half ", "a sentence")
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    assert await ann.chat.stop("ann", accepted.pending_message_id) is Status.CANCELLED
    answer = await ann.answered(accepted.pending_message_id)
    assert (answer.content, answer.status, answer.error) == ("half a sentence", Status.CANCELLED, None)
    assert chain.closed.is_set()
    assert len(endings(backend)) == 1


async def test_half_a_character_is_replaced_when_the_answer_is_stopped(backend: Backend) -> None:
    chain = Halting("half: \ud83d")
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    assert await ann.chat.stop("ann", accepted.pending_message_id) is Status.CANCELLED
    assert (await ann.answered(accepted.pending_message_id)).content == "half: \ufffd"
    assert endings(backend)[0].length == 7


async def test_an_answer_stopped_before_its_task_began_is_ended(backend: Backend) -> None:
    chain = Halting()
    ann = world(backend, spoken(chain.speak))
    sent = await backend.send()
    ann.runner.start(job(sent))
    assert await ann.runner.end(sent.answer_id, Status.CANCELLED)
    answer = await ann.answered(sent.answer_id)
    assert (answer.status, chain.runs) == (Status.CANCELLED, 0)


async def test_an_answer_stopped_while_it_is_written_keeps_all_that_was_said(backend: Backend) -> None:
    chain = Halting("one ")
    ann = world(backend, spoken(chain.speak))
    sent = await backend.send()
    ann.runner.start(job(sent))
    await chain.waits.wait()
    async with backend.commit_under_way():
        chain._then = "two"
        chain.released.set()
        await chain.closed.wait()
        await asyncio.sleep(0.02)
        ending = asyncio.ensure_future(ann.runner.end(sent.answer_id, Status.CANCELLED))
        await asyncio.sleep(0)
    await ending
    answer = await ann.answered(sent.answer_id)
    assert answer.content == "one two"
    assert answer.status in {Status.CANCELLED, Status.COMPLETE}


async def test_the_writing_of_an_end_is_not_broken_off(backend: Backend) -> None:
    ann = world(backend, saying("all"))
    gate = Gate()
    finish = backend.store.finish

    async def slow(ending: Ending) -> Any:
        await gate.passing()
        return await finish(ending)

    backend.store.finish = slow  # type: ignore[method-assign]  # a slower one
    sent = await backend.send()
    ann.runner.start(job(sent))
    await gate.reached.wait()
    stopping = asyncio.ensure_future(ann.runner.end(sent.answer_id, Status.CANCELLED))
    await asyncio.sleep(0)
    gate.open()
    assert await stopping
    assert (await ann.answered(sent.answer_id)).status is Status.COMPLETE


async def test_an_answer_that_somebody_else_ended_is_left_alone(backend: Backend) -> None:
    chain = Halting("half", then="too late")
    ann = world(backend, spoken(chain.speak))
    sent = await backend.send()
    ann.runner.start(job(sent))
    await chain.waits.wait()
    await backend.store.finish(Ending(sent.answer_id, Status.INTERRUPTED))
    chain.released.set()
    answer = await ann.answered(sent.answer_id)
    assert (answer.content, answer.status) == ("half", Status.INTERRUPTED)
    assert chain.closed.is_set()
    assert len(endings(backend)) == 1


async def test_what_cannot_be_stored_fails_when_it_can_be_told(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender, "RETRY_S", 0.01)
    monkeypatch.setattr(appender, "PATIENCE_S", 0.1)
    ann = world(backend, saying("lost"))
    sent = await backend.send()
    with backend.locked():
        ann.runner.start(job(sent))
        await asyncio.sleep(0.5)
        assert sent.answer_id in ann.runner, "its end is still to be written"
    answer = await ann.answered(sent.answer_id)
    assert answer.error is not None
    assert (answer.status, answer.error.code) == (Status.FAILED, Code.STORAGE_UNAVAILABLE)
    assert "nothing was accepted" not in answer.error.message


async def test_an_answer_that_its_server_does_not_stay_for_says_so(backend: Backend) -> None:
    chain = Halting("half")
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    await ann.runner.drain(0)
    answer = await ann.answered(accepted.pending_message_id)
    assert answer.status is Status.INTERRUPTED
    assert ann.notes.of(answer.id) == [What.STARTED, What.FIRST_PIECE, What.SERVER_LEFT]
