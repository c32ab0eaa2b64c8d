"""What is measured of a server, and how."""

import asyncio
import gc
import random
import statistics
import time
from collections.abc import Awaitable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self, TypeVar

import psutil

from loadtests.bench.server import LOAD_CORE, SERVER_CORE, Server
from loadtests.bench.wires import Wire, WireBroken, connect

T = TypeVar("T")

WARM_TOKENS = 20
LIMIT_S = 180.0
RATE = 50
"""Tokens a second: faster than anybody reads."""
PACED_S, RAMP_S = 3.0, 1.0
LATE_MS = 50.0
"""The most that 99 of 100 tokens may be late."""
NARROW = 1.08
"""Where so much more clients are too many, the greatest number is known well enough."""


@dataclass(frozen=True)
class Usage:
    """What a stretch of time took, in seconds; `foreign` is the share of the two cores that others had."""

    wall_s: float
    server_cpu_s: float
    client_cpu_s: float
    foreign: float


class Meter:
    """`with Meter(server) as meter: …`, then `meter.usage`. The collector of the load rests meanwhile."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.usage = Usage(0, 0, 0, 0)

    def __enter__(self) -> Self:
        gc.collect()
        gc.disable()
        self._began = time.perf_counter(), self._server.cpu_s, time.process_time(), _busy_s()
        return self

    def __exit__(self, *_error: object) -> None:
        gc.enable()
        wall, server, client, busy = self._began
        wall, server, client, busy = (
            time.perf_counter() - wall,
            self._server.cpu_s - server,
            time.process_time() - client,
            _busy_s() - busy,
        )
        self.usage = Usage(wall, server, client, max(0, busy - server - client) / wall)


def _busy_s() -> float:
    """Seconds that the two cores have worked, for anybody."""
    cores = psutil.cpu_times(percpu=True)
    used = [cores[core] for core in {SERVER_CORE, LOAD_CORE} if core < len(cores)]
    return sum(
        sum(each) - each.idle - getattr(each, "iowait", 0) - getattr(each, "guest", 0) for each in used
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Of sorted values; not a number where there is none."""
    if not values:
        return float("nan")
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


@dataclass(frozen=True)
class Burst:
    """Tokens as fast as the server brings them."""

    clients: int
    tokens: int
    cpu_s_per_100k: float
    tokens_per_s: float
    usage: Usage


async def burst(server: Server, clients: int, tokens: int = 500, least: int = 50_000) -> Burst:
    """Each client asks for answers of `tokens`, until at least so many tokens have come in all."""
    wires = await _warm(server, clients)
    rounds = max(1, -(-least // (tokens * clients)))

    async def asking(wire: Wire) -> int:
        return sum([(await wire.ask(tokens, 0)).tokens for _ in range(rounds)])

    try:
        with Meter(server) as meter:
            came = sum(await _all(asking(wire) for wire in wires))
    finally:
        _close(wires)
    used = meter.usage
    return Burst(clients, came, used.server_cpu_s / came * 1e5, came / used.wall_s, used)


@dataclass(frozen=True)
class Paced:
    """Tokens at a reader's pace; lateness and time to first token over the model's own, in milliseconds."""

    clients: int
    late_p50_ms: float
    late_p99_ms: float
    first_p50_ms: float
    first_p99_ms: float
    complete: bool
    usage: Usage

    @property
    def kept_up(self) -> bool:
        return self.complete and self.late_p99_ms < LATE_MS


async def paced(server: Server, clients: int, seconds: float = PACED_S) -> Paced:
    """Clients begin within a second of each other; what counts is the time in which all of them are at it."""
    wires = await _warm(server, clients)
    delay = 1 / RATE
    tokens = round((seconds + RAMP_S) * RATE)
    chance = random.Random(clients)  # noqa: S311 - the same each time

    async def asking(wire: Wire, after: float) -> Any:  # Any: Heard or what broke
        await asyncio.sleep(after)
        return await wire.ask(tokens, delay)

    tasks = [asyncio.create_task(asking(wire, chance.random() * RAMP_S)) for wire in wires]
    try:
        await asyncio.sleep(RAMP_S)
        with Meter(server) as meter:
            began = time.monotonic_ns()
            await asyncio.sleep(seconds - 0.5)
            ended = time.monotonic_ns()
        done, pending = await asyncio.wait(tasks, timeout=RAMP_S + 3)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _close(wires)
    for task in done:
        if isinstance(task.exception(), WireBroken):
            raise task.exception()  # type: ignore[misc]  # it is one
    heard = [task.result() for task in done]
    late = sorted((now - due) / 1e6 for each in heard for now, due in each.arrivals if began <= due < ended)
    first = sorted((each.first - each.asked) / 1e6 - delay * 1e3 for each in heard)
    return Paced(
        clients,
        *(percentile(late, 50), percentile(late, 99)),
        *(percentile(first, 50), percentile(first, 99)),
        complete=not pending,
        usage=meter.usage,
    )


async def most_clients(server: Server, start: int, most: int = 2_000) -> int:
    """The greatest number of clients that the server keeps up with, found by steps that grow narrower."""
    good, bad, count = 0, most, start
    while bad / max(1, good) > NARROW:
        best = await paced(server, count)
        if not best.kept_up:  # once more: the machine may have been somebody else's
            best = await paced(server, count)
        if best.kept_up:
            good = count
        else:
            bad = count
        if not good:
            count = int(bad / 1.5)
        elif bad == most:
            count = int(good * 1.4)
        else:
            count = round((good * bad) ** 0.5)
        if count < 4:  # noqa: PLR2004 - it keeps up with nobody
            break
    return good


@dataclass(frozen=True)
class Idle:
    """Resident memory of a connection that waits, in thousands of bytes."""

    clients: int
    kb_each: float


async def idle(server: Server, clients: int) -> Idle:
    """Connections that are welcomed, and then say nothing."""
    first = await _warm(server, WARM_TOKENS)
    before = server.resident
    wires = await connect(server.peer.kind, server.port, clients)
    await asyncio.sleep(1)
    found = (server.resident - before) / clients / 1e3
    _close(first + wires)
    return Idle(clients, found)


async def _warm(server: Server, clients: int) -> list[Wire]:
    wires = await connect(server.peer.kind, server.port, clients)
    await _all(wire.ask(WARM_TOKENS, 0) for wire in wires)
    return wires


async def _all(asked: "Sequence[Awaitable[T]] | Any") -> list[T]:  # Any: a generator
    async with asyncio.timeout(LIMIT_S):
        return list(await asyncio.gather(*asked))


def _close(wires: Sequence[Wire]) -> None:
    for wire in wires:
        wire.close()


def median_of(results: Sequence[Any], name: str) -> float:  # Any: one of the above
    """The median of a figure over repetitions."""
    return statistics.median(getattr(each, name) for each in results)


def as_json(result: Any) -> dict[str, Any]:  # Any: one of the above
    return asdict(result)
