"""What is measured of this server alone: starting, accepting, and a million messages."""

import asyncio
import time
from dataclasses import dataclass

from loadtests.bench.measure import Meter, percentile
from loadtests.bench.peers import Peer
from loadtests.bench.server import Server, serving
from loadtests.bench.wires import connect

SENDERS = 50


@dataclass(frozen=True)
class Started:
    """Seconds from the command to `/readyz`, with a new folder."""

    ready_s: float


def start(peer: Peer) -> Started:
    began = time.perf_counter()
    with serving(peer):
        return Started(time.perf_counter() - began - peer.settle_s)


@dataclass(frozen=True)
class Sends:
    """Messages accepted durably, each answered with one token, one after the other by each client."""

    clients: int
    sends: int
    per_s: float
    cpu_ms_each: float
    whole_p50_ms: float
    whole_p99_ms: float


async def sends(server: Server, seconds: float = 5.0, clients: int = SENDERS) -> Sends:
    wires = await connect(server.peer.kind, server.port, clients)
    times: list[float] = []

    async with asyncio.timeout(60):
        await asyncio.gather(*(wire.ask(1, 0) for wire in wires))
    with Meter(server) as meter:
        until = time.perf_counter() + seconds

        async def one(number: int) -> None:
            while (began := time.perf_counter()) < until:
                await wires[number].ask(1, 0)
                times.append((time.perf_counter() - began) * 1e3)

        await asyncio.gather(*map(one, range(clients)))
    for wire in wires:
        wire.close()
    times.sort()
    used = meter.usage
    return Sends(
        clients,
        len(times),
        len(times) / used.wall_s,
        used.server_cpu_s / len(times) * 1e3,
        percentile(times, 50),
        percentile(times, 99),
    )
