"""Two processes on one database, each with a clock of its own: who ends whose answers, and when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.core.errors import ChatError, Code
from api.core.events import Ended
from api.core.leases import LATE_S, Leases
from api.core.lifecycle import Status
from api.core.notes import What
from api.service.follow import NOWHERE
from api.service.requests import Accepted
from tests.support.backends import OWNER, Backend, another_server
from tests.support.chats import Halting, World, job, saying, spoken, world
from tests.support.clocks import Seconds

pytestmark = pytest.mark.anyio

PATIENT: dict[str, Any] = {"first_piece": 60, "gap": 60, "total": 60}


@dataclass
class Server:
    """A process: its use cases, its clock, and the chain that its answers come from."""

    world: World
    seconds: Seconds
    chain: Halting

    async def round(self, after: float = 5) -> None:
        self.seconds.now += after
        await self.world.reaper.once()

    async def rounds(self, count: int) -> None:
        for _ in range(count):
            await self.round()

    async def status(self, message_id: str) -> Status:
        return (await self.world.backend.store.message("ann", message_id)).status


def server(backend: Backend, owner: str) -> Server:
    seconds, chain = Seconds(), Halting("half", then="too late")
    found = world(backend, spoken(chain.speak), owner=owner, seconds=seconds, **PATIENT)
    return Server(found, seconds, chain)


@pytest.fixture
async def here(backend: Backend) -> Server:
    found = server(backend, OWNER)
    await found.world.reaper.enter(alone=True)
    return found


@pytest.fixture
async def other(backend: Backend, here: Server, tmp_path: Path) -> AsyncIterator[Server]:
    async with another_server(backend, tmp_path, "other") as theirs:
        found = server(theirs, "other")
        await found.world.reaper.once()
        yield found


@asynccontextmanager
async def begun(server: Server) -> AsyncIterator[tuple[str, str]]:
    """An answer that has said half of it; the ids of its session and of itself."""
    accepted = await server.world.chat.send("ann", "Why?", client_message_id="k")
    await server.chain.waits.wait()
    await server.world.backend.change(lambda _: None)  # after what it has said
    try:
        yield accepted.session_id, accepted.pending_message_id
    finally:
        server.chain.released.set()


async def test_what_dead_processes_left_is_ended_before_the_server_is_ready(backend: Backend) -> None:
    left = [await backend.send() for _ in range(3)]
    await backend.say(left[0], "half")
    await backend.store.beat(OWNER, 9)
    await backend.store.beat("older", 2)
    ann = world(backend, saying(), owner="new")
    assert await ann.reaper.enter(alone=True) == 3
    assert [ann.notes.of(sent.answer_id) for sent in left] == [[What.ABANDONED]] * 3
    message = await backend.store.message("ann", left[0].answer_id)
    assert (message.content, message.status) == ("half", Status.INTERRUPTED)
    assert message.error is not None
    assert (message.error.code, message.error.retryable) == (Code.INTERRUPTED, True)
    assert await backend.store.leases() == Leases([], {"new": 1})


async def test_an_attempt_that_a_dead_process_left_keeps_its_text_and_can_be_tried_again(
    backend: Backend,
) -> None:
    left = await backend.retry((await backend.exchange("Old.")).answer_id)
    await backend.say(left, "half")
    ann = world(backend, saying("Whole."), owner="new")
    assert await ann.reaper.enter(alone=True) == 1
    page = await ann.chat.page("ann", left.session_id, 50, None)
    assert [(each.content, each.status) for each in page.messages[1:]] == [("half", Status.INTERRUPTED)]
    again = await ann.chat.retry("ann", left.answer_id)
    assert (await ann.answered(again.pending_message_id)).content == "Whole."


async def test_an_own_answer_without_a_generation_is_ended_when_found_twice(here: Server) -> None:
    sent = await here.world.backend.send()
    await here.round()
    assert await here.status(sent.answer_id) is Status.PENDING
    await here.round()
    assert await here.status(sent.answer_id) is Status.INTERRUPTED


async def test_a_generation_that_began_between_two_looks_is_left_alone(here: Server) -> None:
    sent = await here.world.backend.send()
    await here.round()
    here.world.runner.start(job(sent))
    await here.chain.waits.wait()
    await here.rounds(5)
    assert await here.status(sent.answer_id) is Status.STREAMING
    here.chain.released.set()
    assert (await here.world.answered(sent.answer_id)).status is Status.COMPLETE


async def test_answers_of_one_that_beats_are_left_alone(here: Server, other: Server) -> None:
    async with begun(other) as (_, answer):
        for _ in range(20):
            await other.round()
            await here.round()
        assert await here.status(answer) is Status.STREAMING


async def test_answers_of_one_that_beats_no_more_are_ended_after_a_lease(here: Server, other: Server) -> None:
    async with begun(other) as (_, answer):
        await here.rounds(3)
        assert await here.status(answer) is Status.STREAMING
        await here.round()
        assert await here.status(answer) is Status.INTERRUPTED
        assert here.world.notes.of(answer) == [What.ABANDONED]
        assert (await here.world.backend.store.leases()).beats.keys() == {OWNER}


async def test_a_stopped_process_that_wakes_up_writes_nothing_more(here: Server, other: Server) -> None:
    async with begun(other) as (session, answer):
        await here.rounds(4)
        other.chain.released.set()
        assert (await other.world.answered(answer)).content == "half"
    assert other.chain.closed.is_set()
    events = await here.world.backend.events(session)
    assert [isinstance(event, Ended) for event in events] == [False, False, False, True]
    assert await here.status(answer) is Status.INTERRUPTED


async def test_a_process_that_wakes_up_is_taken_for_alive_again(here: Server, other: Server) -> None:
    await here.rounds(5)
    await other.round(60)
    async with begun(other) as (_, answer):
        for _ in range(6):
            await here.round()
            await other.round()
        assert await here.status(answer) is Status.STREAMING


async def test_a_process_that_was_stopped_itself_ends_no_healthy_answer(here: Server, other: Server) -> None:
    async with begun(other) as (_, answer):
        await here.rounds(2)
        await here.round(60)
        await here.rounds(2)
        assert await here.status(answer) is Status.STREAMING
        await other.round(70)
        await here.rounds(3)
        assert await here.status(answer) is Status.STREAMING
        await here.round()
        assert await here.status(answer) is Status.INTERRUPTED


async def test_while_the_database_is_away_nobody_counts(here: Server, other: Server) -> None:
    async with begun(other) as (session, answer):
        await here.rounds(3)
        with here.world.backend.locked(), pytest.raises(ChatError):
            await here.round()
        await here.world.chat.begin("ann", session, NOWHERE)
        assert await here.status(answer) is Status.STREAMING
        await here.rounds(3)
        assert await here.status(answer) is Status.STREAMING
        await here.round()
        assert await here.status(answer) is Status.INTERRUPTED


async def test_a_silent_chain_is_left_once_somebody_has_ended_its_answer(here: Server, other: Server) -> None:
    async with begun(other) as (_, answer):
        await here.rounds(4)
        await other.round(60)
        await other.chain.closed.wait()
        await other.world.answered(answer)
    assert await here.status(answer) is Status.INTERRUPTED


async def test_a_send_to_a_session_whose_answer_was_lost_is_accepted(here: Server, other: Server) -> None:
    async with begun(other) as (session, answer):
        await here.rounds(3)
        with pytest.raises(ChatError) as busy:
            await here.world.chat.send("ann", "And?", session_id=session)
        assert (busy.value.code, busy.value.ids["message_id"]) == (Code.SESSION_BUSY, answer)
        here.seconds.now += 5
        accepted = await here.world.chat.send("ann", "And?", session_id=session)
        assert not accepted.duplicate
        assert await here.status(answer) is Status.INTERRUPTED
        here.chain.released.set()
        assert (await here.world.answered(accepted.pending_message_id)).status is Status.COMPLETE


async def test_a_lost_answer_can_be_tried_again(here: Server, other: Server) -> None:
    async with begun(other) as (_, answer):
        await here.rounds(3)
        with pytest.raises(ChatError) as busy:
            await here.world.chat.retry("ann", answer)
        assert busy.value.code is Code.SESSION_BUSY
        here.seconds.now += 5
        accepted = await here.world.chat.retry("ann", answer)
        assert not accepted.duplicate
        assert await here.status(answer) is Status.INTERRUPTED
        here.chain.released.set()
        assert (await here.world.answered(accepted.pending_message_id)).status is Status.COMPLETE


async def test_a_repeated_send_tells_that_its_answer_was_lost(here: Server, other: Server) -> None:
    async with begun(other) as (_, answer):
        await here.rounds(3)
        assert (await repeated(here)).status is Status.STREAMING
        here.seconds.now += 5
        again = await repeated(here)
        assert (again.duplicate, again.pending_message_id) == (True, answer)
        assert again.status is Status.INTERRUPTED


async def test_so_it_does_where_nothing_new_is_accepted(here: Server, other: Server) -> None:
    async with begun(other):
        await here.rounds(3)
        here.seconds.now += 5
        here.world.rates.wait_ms = 1
        assert (await repeated(here)).status is Status.INTERRUPTED


async def repeated(server: Server) -> Accepted:
    return await server.world.chat.send("ann", "Why?", client_message_id="k")


async def test_stopping_a_lost_answer_tells_that_it_was_interrupted(here: Server, other: Server) -> None:
    async with begun(other) as (_, answer):
        await here.rounds(3)
        here.seconds.now += 5
        assert await here.world.chat.stop("ann", answer) is Status.INTERRUPTED


async def test_an_answer_that_runs_elsewhere_is_stopped_from_here(here: Server, other: Server) -> None:
    async with begun(other) as (_, answer):
        await here.rounds(3)
        assert await here.world.chat.stop("ann", answer) is Status.CANCELLED
        other.chain.released.set()
        assert (await other.world.answered(answer)).content == "half"


async def test_whoever_subscribes_finds_a_lost_answer_ended(here: Server, other: Server) -> None:
    async with begun(other) as (session, answer):
        await here.rounds(3)
        start = await here.world.chat.begin("ann", session, NOWHERE)
        assert (start.position.seq, start.end) == (1, 2), "what theirs has said is still in its journal"
        here.seconds.now += 5
        start = await here.world.chat.begin("ann", session, NOWHERE)
        assert (start.position.seq, start.end) == (4, 4)
        assert await here.status(answer) is Status.INTERRUPTED


async def test_a_request_long_after_the_last_look_ends_nothing(here: Server, other: Server) -> None:
    async with begun(other) as (session, answer):
        await here.rounds(3)
        here.seconds.now += LATE_S + 1
        await here.world.chat.begin("ann", session, NOWHERE)
        assert await here.status(answer) is Status.STREAMING


async def test_a_round_that_fails_does_not_end_the_reaping(here: Server) -> None:
    leases, rounds = here.world.backend.store.leases, 0
    again = asyncio.Event()

    async def failing() -> Leases:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise ChatError(Code.STORAGE_UNAVAILABLE)
        if rounds > 2:
            again.set()
        return await leases()

    here.world.backend.store.leases = failing  # type: ignore[method-assign]  # a store that is away for a round
    reaping = asyncio.create_task(here.world.reaper.forever(0.001))
    await again.wait()
    reaping.cancel()
    await asyncio.gather(reaping, return_exceptions=True)
