"""Tokens at a reader's pace: how late they come."""

import asyncio
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass

from loadtests.bench.figures import percentile
from loadtests.bench.measures.meter import Meter, Usage, warmed
from loadtests.bench.server import Server
from loadtests.bench.wires.wire import Heard, Wire, WireBroken

CLIENTS = 50
RATE = 50
"""Tokens a second: faster than anybody reads."""
PACED_S, RAMP_S, PATIENCE_S = 3.0, 1.0, 3.0
LATE_MS = 50.0
"""The most that 99 of 100 tokens may be late."""


@dataclass(frozen=True)
class Paced:
    """Milliseconds from the moment a token was due to that when its client had it."""

    clients: int
    late_p50_ms: float
    late_p99_ms: float
    complete: bool
    client_bound: bool
    usage: Usage

    @property
    def kept_up(self) -> bool:
        return self.complete and self.late_p99_ms < LATE_MS


async def paced(server: Server, clients: int = CLIENTS, seconds: float = PACED_S) -> Paced:
    """Clients begin within a second; what counts is the time in which all of them are at it."""
    tokens, chance = round((seconds + RAMP_S) * RATE), random.Random(clients)  # noqa: S311 - always the same
    async with warmed(server, clients) as wires:
        tasks = [asyncio.create_task(_after(wire, chance.random() * RAMP_S, tokens)) for wire in wires]
        try:
            await asyncio.sleep(RAMP_S)
            with Meter(server) as meter:
                began = time.monotonic_ns()
                await asyncio.sleep(seconds - 0.5)
                ended = time.monotonic_ns()
            done, pending = await asyncio.wait(tasks, timeout=RAMP_S + PATIENCE_S)
        finally:
            await _cancelled(tasks)
    late = _late([task.result() for task in done], began, ended)
    used = meter.usage
    return Paced(clients, percentile(late, 50), percentile(late, 99), not pending, used.client_bound, used)


async def _after(wire: Wire, wait_s: float, tokens: int) -> Heard:
    await asyncio.sleep(wait_s)
    return await wire.ask(tokens, 1 / RATE)


async def _cancelled(tasks: Iterable["asyncio.Task[Heard]"]) -> None:
    """End what still waits. Raises WireBroken if an answer was not what it should be."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, WireBroken):
            raise result


def _late(heard: Iterable[Heard], began: int, ended: int) -> list[float]:
    """Milliseconds, of the tokens that were due between two moments."""
    return [(now - due) / 1e6 for each in heard for now, due in each.arrivals if began <= due < ended]


@dataclass(frozen=True)
class First:
    """Milliseconds from a question to its first token, over what the model itself takes."""

    clients: int
    answers: int
    first_p50_ms: float
    first_p99_ms: float
    usage: Usage


async def first(server: Server, clients: int = CLIENTS, seconds: float = 6.0) -> First:
    """Each client asks for answers of one second, one after the other, at a reader's pace."""
    chance = random.Random(clients)  # noqa: S311 - always the same
    async with warmed(server, clients) as wires:
        with Meter(server) as meter:
            until = time.monotonic() + seconds
            asking = (_again(wire, chance.random() * RAMP_S, until) for wire in wires)
            found = [ms for each in await asyncio.gather(*asking) for ms in each]
    return First(clients, len(found), percentile(found, 50), percentile(found, 99), meter.usage)


async def _again(wire: Wire, wait_s: float, until: float) -> list[float]:
    await asyncio.sleep(wait_s)
    found = []
    while time.monotonic() < until:
        found.append((await wire.ask(RATE, 1 / RATE)).first_ms)
    return found
