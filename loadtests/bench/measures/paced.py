"""Tokens at a reader's pace: how late they come, and how soon the first."""

import asyncio
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadtests.bench.figures import percentile
from loadtests.bench.measures.meter import Meter, Usage, warmed
from loadtests.bench.server import Server
from loadtests.bench.wires.wire import Heard, Wire, WireBroken

CLIENTS = 50
RATE = 50
"""Tokens a second: faster than anybody reads."""
TOKENS, ANSWERS = 200, 3
ANSWER_S = TOKENS / RATE
RAMP_S, SETTLE_S, MARGIN_S, PATIENCE_S = 1.0, 0.3, 0.3, 3.0
LATE_MS = 50.0
"""The most that 99 of 100 tokens may be late."""


@dataclass(frozen=True)
class Paced:
    """`late`: milliseconds from the moment a token was due to that when its client had it.

    `first`: from a question to its first token, over what the model itself takes.
    """

    clients: int
    late_p50_ms: float
    late_p99_ms: float
    first_p50_ms: float
    first_p99_ms: float
    complete: bool
    client_bound: bool
    usage: Usage

    @property
    def kept_up(self) -> bool:
        return self.complete and self.late_p99_ms < LATE_MS


async def paced(server: Server, clients: int = CLIENTS, answers: int = ANSWERS) -> Paced:
    """Clients begin within a second, and ask for answers of 4 seconds, one after the other.

    Lateness counts from a moment after all of them have begun to one before the first of them may end.
    """
    async with warmed(server, clients) as wires:
        tasks = _reading(wires, answers)
        try:
            await asyncio.sleep(RAMP_S + SETTLE_S)
            with Meter(server) as meter:
                began = time.monotonic_ns()
                await asyncio.sleep(answers * ANSWER_S - RAMP_S - SETTLE_S - MARGIN_S)
                ended = time.monotonic_ns()
            done, pending = await asyncio.wait(tasks, timeout=RAMP_S + PATIENCE_S)
        finally:
            await _cancelled(tasks)
    heard = [each for task in done for each in task.result()]
    return _paced(heard, (began, ended), clients, meter.usage, complete=not pending)


def _reading(wires: Sequence[Wire], answers: int) -> "list[asyncio.Task[list[Heard]]]":
    chance = random.Random(len(wires))  # noqa: S311 - the same each time

    async def reading(wire: Wire, wait_s: float) -> list[Heard]:
        await asyncio.sleep(wait_s)
        return [await wire.ask(TOKENS, 1 / RATE) for _ in range(answers)]

    return [asyncio.create_task(reading(wire, chance.random() * RAMP_S)) for wire in wires]


async def _cancelled(tasks: Iterable["asyncio.Task[list[Heard]]"]) -> None:
    """End what still waits. Raises WireBroken if an answer was not what it should be."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, WireBroken):
            raise result


def _paced(
    heard: Sequence[Heard], window: tuple[int, int], clients: int, usage: Usage, *, complete: bool
) -> Paced:
    arrivals = (arrival for each in heard for arrival in each.arrivals)
    late = [(now - due) / 1e6 for now, due in arrivals if window[0] <= due < window[1]]
    first = [each.first_ms for each in heard]
    return Paced(
        clients,
        *(percentile(late, 50), percentile(late, 99)),
        *(percentile(first, 50), percentile(first, 99)),
        complete=complete,
        client_bound=usage.client_bound,
        usage=usage,
    )
