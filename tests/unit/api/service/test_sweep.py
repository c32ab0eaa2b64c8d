"""What nobody writes any more is ended; what is old goes."""

import asyncio
from datetime import timedelta

import pytest

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.core.records import Position
from api.service.sweep import Sweep
from tests.support.backends import Backend
from tests.support.chats import Halting, World, job, saying, spoken, world

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


def sweep_of(world: World) -> Sweep:
    backend = world.backend
    return Sweep(
        store=backend.store, log=backend.log, runner=world.runner, clock=backend.clock, retention=HOUR
    )


async def test_what_a_dead_process_left_is_interrupted_before_the_server_is_ready(backend: Backend) -> None:
    left = [await backend.send() for _ in range(3)]
    await backend.say(left[0], "half")
    assert await sweep_of(world(backend, spoken(Halting().speak))).recover() == 3
    message = await backend.store.message("ann", left[0].answer_id)
    assert (message.content, message.status) == ("half", Status.INTERRUPTED)
    assert message.error is not None
    assert (message.error.code, message.error.retryable) == (Code.INTERRUPTED, True)
    assert list(await backend.store.running()) == []


async def test_an_attempt_that_a_dead_process_left_keeps_its_text_and_can_be_tried_again(
    backend: Backend,
) -> None:
    left = await backend.retry((await backend.exchange("Old.")).answer_id)
    await backend.say(left, "half")
    ann = world(backend, saying("Whole."))
    assert await sweep_of(ann).recover() == 1
    page = await ann.chat.page("ann", left.session_id, 50, None)
    assert [(each.content, each.status) for each in page.messages[1:]] == [("half", Status.INTERRUPTED)]
    again = await ann.chat.retry("ann", left.answer_id)
    assert (await ann.answered(again.pending_message_id)).content == "Whole."


async def test_an_answer_without_a_generation_is_ended_when_found_twice(backend: Backend) -> None:
    sweep = sweep_of(world(backend, spoken(Halting().speak)))
    sent = await backend.send()
    await sweep.once()
    assert not (await backend.store.message("ann", sent.answer_id)).status.terminal
    await sweep.once()
    assert (await backend.store.message("ann", sent.answer_id)).status is Status.INTERRUPTED


async def test_a_running_generation_is_left_alone(backend: Backend) -> None:
    chain = Halting("half")
    ann = world(backend, spoken(chain.speak))
    sweep = sweep_of(ann)
    sent = await backend.send()
    await sweep.once()
    ann.runner.start(job(sent))
    await chain.waits.wait()
    for _ in range(3):
        await sweep.once()
    assert (await backend.store.message("ann", sent.answer_id)).status is Status.STREAMING
    chain.released.set()
    assert (await ann.answered(sent.answer_id)).status is Status.COMPLETE


async def test_old_events_and_deleted_sessions_go(backend: Backend) -> None:
    sweep = sweep_of(world(backend, spoken(Halting().speak)))
    old, deleted = await backend.exchange(), await backend.exchange()
    await backend.store.delete("ann", deleted.session_id)
    backend.clock.forward(HOUR.total_seconds() + 1)
    await sweep.once()
    assert (await backend.log.state(old.session_id)).trimmed == 4
    assert (await backend.log.read(deleted.session_id, Position(backend.log.epoch, 0))).gone
    with pytest.raises(ChatError):
        await backend.log.state(deleted.session_id)


async def test_a_deleted_session_can_be_read_to_its_end_for_a_while(backend: Backend) -> None:
    sweep = sweep_of(world(backend, spoken(Halting().speak)))
    sent = await backend.exchange()
    await backend.store.delete("ann", sent.session_id)
    backend.clock.forward(59)
    await sweep.once()
    assert len(await backend.events(sent.session_id)) == 4


async def test_a_round_that_fails_does_not_end_the_sweeping(backend: Backend) -> None:
    sweep = sweep_of(world(backend, spoken(Halting().speak)))
    running, rounds = backend.store.running, 0
    again = asyncio.Event()

    async def failing() -> list[str]:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise ChatError(Code.STORAGE_UNAVAILABLE)
        if rounds > 2:
            again.set()
        return list(await running())

    backend.store.running = failing  # type: ignore[method-assign]  # a store that is away for a round
    sweeping = asyncio.create_task(sweep.forever(0.001))
    await again.wait()
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
