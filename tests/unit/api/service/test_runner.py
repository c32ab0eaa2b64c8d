"""Generations belong to the process alone, and end when they are told to."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from api.core.lifecycle import Status
from api.service import runner as runner_module
from api.service.ports import Claim
from api.service.runner import Job, Runner

pytestmark = pytest.mark.anyio


def job(message_id: str = "m") -> Job:
    return Job(Claim("s", message_id, "fence", 2), "ann", "rag", "Why?")


class Generations:
    """Stands in for the generator: each runs until it is cancelled, and notes how it was to end."""

    def __init__(self, ended: Callable[[], Awaitable[None]] | None = None) -> None:
        self.ends: dict[str, Status | None] = {}
        self.running = asyncio.Event()
        self.released = asyncio.Event()
        self._ended = ended

    async def __call__(self, job: Job) -> None:
        self.running.set()
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            if self._ended is not None:
                await self._ended()
        self.ends[job.claim.message_id] = job.end_as


async def test_a_generation_is_known_while_it_runs() -> None:
    generations = Generations()
    runner = Runner(generations)
    runner.start(job())
    assert ("m" in runner, len(runner)) == (True, 1)
    generations.released.set()
    await runner.drain(5)
    assert ("m" in runner, len(runner)) == (False, 0)
    assert generations.ends == {"m": None}


async def test_a_running_generation_ends_as_it_is_told() -> None:
    generations = Generations()
    runner = Runner(generations)
    runner.start(job())
    await generations.running.wait()
    assert await runner.end("m", Status.CANCELLED)
    assert generations.ends == {"m": Status.CANCELLED}
    assert "m" not in runner


async def test_a_generation_that_has_not_begun_ends_too() -> None:
    generations = Generations()
    runner = Runner(generations)
    runner.start(job())
    assert await runner.end("m", Status.CANCELLED)
    assert generations.ends == {"m": Status.CANCELLED}
    assert "m" not in runner


async def test_an_unknown_generation_is_not_ended_here() -> None:
    assert not await Runner(Generations()).end("elsewhere", Status.CANCELLED)


async def test_the_first_to_end_a_generation_decides_how() -> None:
    generations = Generations()
    runner = Runner(generations)
    runner.start(job())
    await generations.running.wait()
    both = runner.end("m", Status.CANCELLED), runner.end("m", Status.INTERRUPTED)
    assert all(await asyncio.gather(*both))
    assert generations.ends == {"m": Status.CANCELLED}


async def test_one_that_hangs_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "STOP_PATIENCE_S", 0.05)
    released = asyncio.Event()

    async def hang() -> None:
        await released.wait()

    runner = Runner(Generations(hang))
    runner.start(job())
    assert not await runner.end("m", Status.CANCELLED)
    assert "m" in runner
    released.set()
    await runner.drain(5)


async def test_an_abandoned_generation_is_cancelled() -> None:
    generations = Generations()
    runner = Runner(generations)
    runner.start(job())
    await generations.running.wait()
    runner.abandon("m")
    runner.abandon("unknown")
    await runner.drain(5)
    assert generations.ends == {"m": Status.CANCELLED}


async def test_a_generation_that_breaks_is_forgotten() -> None:
    async def breaks(_: Job) -> None:
        raise ValueError

    runner = Runner(breaks)
    runner.start(job())
    await runner.drain(5)
    assert len(runner) == 0


async def test_draining_lets_answers_end() -> None:
    generations = Generations()
    runner = Runner(generations)
    runner.start(job())
    draining = asyncio.ensure_future(runner.drain(5))
    await generations.running.wait()
    assert (runner.draining, draining.done()) == (True, False)
    generations.released.set()
    await draining
    assert generations.ends == {"m": None}


async def test_draining_waits_for_one_that_was_accepted_meanwhile() -> None:
    releases = {"first": asyncio.Event(), "second": asyncio.Event()}
    ends: dict[str, Status | None] = {}

    async def generate(job: Job) -> None:
        await releases[job.claim.message_id].wait()
        ends[job.claim.message_id] = job.end_as

    runner = Runner(generate)
    runner.start(job("first"))
    draining = asyncio.ensure_future(runner.drain(5))
    await asyncio.sleep(0)
    runner.start(job("second"))
    releases["first"].set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert "first" not in runner
    releases["second"].set()
    await draining
    assert ends == {"first": None, "second": None}


async def test_what_outlives_the_deadline_is_interrupted() -> None:
    generations = Generations()
    runner = Runner(generations)
    runner.start(job())
    await runner.drain(0.02)
    assert generations.ends == {"m": Status.INTERRUPTED}


async def test_generations_that_hang_do_not_hold_each_other_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "STOP_PATIENCE_S", 0.1)
    released = asyncio.Event()

    async def hang() -> None:
        await released.wait()

    runner = Runner(Generations(hang))
    for number in range(20):
        runner.start(job(str(number)))
    async with asyncio.timeout(1):
        await runner.drain(0)
    released.set()
    await runner.drain(5)
