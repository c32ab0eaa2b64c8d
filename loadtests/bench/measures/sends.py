"""Messages accepted durably: each is in the database before its `ack`, and then answered.

What is counted are acks. In the cost of each is all that a question brings about: the message and what makes
it findable, the answer's row, the chain, one token, its piece in the log, and the end.
"""

import time
from dataclasses import dataclass

from loadtests.bench.figures import percentile
from loadtests.bench.measures.meter import Meter, Usage, together, warmed
from loadtests.bench.server import Server
from loadtests.bench.wires.wire import Heard, Wire

SENDERS, SECONDS = 50, 5.0


@dataclass(frozen=True)
class Sends:
    """Acks a second; the server's CPU for each, and how long it took to come, in milliseconds."""

    clients: int
    sends: int
    per_s: float
    cpu_ms_each: float
    ack_p50_ms: float
    ack_p99_ms: float
    client_bound: bool
    usage: Usage


async def sends(server: Server, clients: int = SENDERS, seconds: float = SECONDS) -> Sends:
    """Each client sends its next question when it has the answer to the one before."""
    async with warmed(server, clients) as wires:
        with Meter(server) as meter:
            until = time.perf_counter() + seconds
            heard = [each for some in await together(_asking(wire, until) for wire in wires) for each in some]
    acks = [(each.acked - each.asked) / 1e6 for each in heard]
    used = meter.usage
    return Sends(
        *(clients, len(acks), len(acks) / used.wall_s, used.server_cpu_s / len(acks) * 1e3),
        *(percentile(acks, 50), percentile(acks, 99)),
        *(used.client_bound, used),
    )


async def _asking(wire: Wire, until: float) -> list[Heard]:
    heard = []
    while time.perf_counter() < until:
        heard.append(await wire.ask(1, 0))
    return heard
