"""What a stretch of time took of the machine, and wires to fill it with."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self, TypeVar

import psutil

from loadtests.bench.server import LOAD_CORE, SERVER_CORE, Server
from loadtests.bench.wires.wire import Wire, connect

T = TypeVar("T")

WARM_TOKENS = 20
LIMIT_S = 180.0
BOUND = 0.9
"""A client that works for so much of the time may be what held the server up."""


@dataclass(frozen=True)
class Usage:
    """Seconds of the wall, of the server's and of the client's CPU.

    `foreign` is the share of the two cores that others had meanwhile.
    """

    wall_s: float
    server_cpu_s: float
    client_cpu_s: float
    foreign: float

    @property
    def client_bound(self) -> bool:
        return self.client_cpu_s > BOUND * self.wall_s


class Meter:
    """`with Meter(server) as meter: …`, then `meter.usage`. The collector of the load rests meanwhile."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.usage = Usage(0, 0, 0, 0)

    def __enter__(self) -> Self:
        gc.collect()
        gc.disable()
        self._began = self._now()
        return self

    def __exit__(self, *_error: object) -> None:
        gc.enable()
        wall, server, client, busy = (
            now - before for now, before in zip(self._now(), self._began, strict=True)
        )
        cores = len(_cores())
        self.usage = Usage(wall, server, client, max(0, busy - server - client) / wall / cores)

    def _now(self) -> tuple[float, float, float, float]:
        return time.perf_counter(), self._server.cpu_s, time.process_time(), _busy_s()


def _cores() -> Sequence[int]:
    return [core for core in (SERVER_CORE, LOAD_CORE) if core < (psutil.cpu_count() or 1)]


def _busy_s() -> float:
    """Seconds that the two cores have worked, for anybody."""
    times = psutil.cpu_times(percpu=True)
    used = [times[core] for core in _cores()]
    return sum(
        sum(each) - each.idle - getattr(each, "iowait", 0) - getattr(each, "guest", 0) for each in used
    )


@asynccontextmanager
async def warmed(server: Server, clients: int) -> AsyncIterator[list[Wire]]:
    """So many connections, each of which has had a short answer; closed afterwards."""
    wires = await connect(server.peer.kind, server.port, clients)
    try:
        await together(wire.ask(WARM_TOKENS, 0) for wire in wires)
        yield wires
    finally:
        for wire in wires:
            wire.close()


async def together(asked: Iterable[Awaitable[T]]) -> list[T]:
    """All of them at once. Raises TimeoutError."""
    async with asyncio.timeout(LIMIT_S):
        return list(await asyncio.gather(*asked))
