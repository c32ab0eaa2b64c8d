"""Tokens as fast as the server brings them: what it costs to stream."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.bench.measures.meter import Meter, Usage, together, warmed
from loadtests.bench.server import Server
from loadtests.bench.wires.wire import Wire

CLIENTS, TOKENS, LEAST = 50, 500, 50_000


@dataclass(frozen=True)
class Burst:
    """Seconds of the server's CPU, user and kernel, for 100,000 tokens, and what came in a second."""

    clients: int
    tokens: int
    cpu_s_per_100k: float
    tokens_per_s: float
    client_bound: bool
    usage: Usage


async def burst(server: Server, clients: int = CLIENTS, tokens: int = TOKENS, least: int = LEAST) -> Burst:
    """Each client asks for answers of `tokens`, until at least so many tokens have come in all."""
    async with warmed(server, clients) as wires:
        return await bursts(server, wires, tokens, max(1, -(-least // (tokens * clients))))


async def bursts(server: Server, wires: Sequence[Wire], tokens: int, rounds: int) -> Burst:
    """Each wire asks so many times, one question after the other."""

    async def asking(wire: Wire) -> None:
        for _ in range(rounds):
            await wire.ask(tokens, 0)

    with Meter(server) as meter:
        await together(map(asking, wires))
    used, came = meter.usage, len(wires) * rounds * tokens
    each = used.server_cpu_s / came * 1e5
    return Burst(len(wires), came, each, came / used.wall_s, used.client_bound, used)
