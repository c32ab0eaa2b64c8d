"""What a connection takes that says nothing."""

import asyncio
from dataclasses import dataclass

from loadtests.bench.measures.meter import warmed
from loadtests.bench.server import Server
from loadtests.bench.wires.wire import connect

CLIENTS, BEFORE = 1_000, 20
SETTLE_S = 1.0


@dataclass(frozen=True)
class Idle:
    """Resident memory of the server for each connection more, in thousands of bytes."""

    clients: int
    kb_each: float
    resident_mb: float


async def idle(server: Server, clients: int = CLIENTS) -> Idle:
    """Connections that are welcomed, and then wait."""
    async with warmed(server, BEFORE):
        await asyncio.sleep(SETTLE_S)
        before = server.resident
        wires = await connect(server.peer.kind, server.port, clients)
        await asyncio.sleep(SETTLE_S)
        after = server.resident
        for wire in wires:
            wire.close()
    return Idle(clients, (after - before) / clients / 1e3, after / 1e6)
