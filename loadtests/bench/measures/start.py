"""How long it takes from the command to the first request that is served."""

from dataclasses import dataclass

from loadtests.bench.server import Server


@dataclass(frozen=True)
class Started:
    """Seconds of the wall and of the server's CPU until it was ready, with a new folder; MB resident."""

    ready_s: float
    cpu_s: float
    resident_mb: float


async def start(server: Server) -> Started:
    """What its start was like; for Steadychat until `/readyz` says so."""
    return Started(server.ready_s, server.cpu_s, server.resident / 1e6)
