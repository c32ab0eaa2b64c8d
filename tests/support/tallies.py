"""Servers as the limits on WebSockets see them, over a real Valkey; their sockets are words."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from api.auth.places import Places
from api.auth.sockets import SocketLimits
from api.wakeups.agenda import GiveWay, Open
from api.wakeups.bus import Bus
from api.wakeups.connections import Pace
from api.wakeups.tally import COUNTING, Rhythm, Tally
from tests.support.buses import LOOK_S, QUICK, until

PATIENT = Rhythm(wait_s=10, refresh_s=30, stale_s=60)
"""Waits for each answer, and says nothing twice while a test lasts."""
LIVELY = replace(PATIENT, refresh_s=0.05, stale_s=0.5)
HERE = "9.9.9.9"
ELSEWHERE = "9.9.9.10"


class Clock:
    """A clock of one server, which goes on when it is told to."""

    def __init__(self, now: float = 0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Server:
    """`gave_way`: sockets that had to be closed, as they come."""

    def __init__(
        self,
        url: str,
        name: str,
        *,
        per_user: int = 2,
        per_address: int = 2,
        clock: Callable[[], float] = time.monotonic,
        pace: Pace = QUICK,
        rhythm: Rhythm = PATIENT,
    ) -> None:
        self.bus = Bus(url, name=name, pace=pace)
        self.limits = SocketLimits[str](per_user, per_address, clock)
        self.gave_way: asyncio.Queue[str] = asyncio.Queue()
        self._pace, self._rhythm = pace, rhythm
        self.places = Places(self.limits, self._counted, self.gave_way.put_nowait)

    def _counted(self, open_here: Open, give_way: GiveWay) -> Tally:
        pace, rhythm = self._pace, self._rhythm
        self.tally = Tally(self.bus, self.bus.name, open_here, give_way, pace=pace, rhythm=rhythm)
        self.bus.also(COUNTING, self.tally.use)
        return self.tally

    async def open(self, *sockets: str, user: str | None = None, at: str | None = HERE) -> bool:
        """Whether the last one was let in."""
        let_in = True
        for socket in sockets:
            let_in = await self.places.admit(at, socket)
            if let_in and user is not None:
                self.places.enter(user, socket)
        return let_in

    async def said(self) -> None:
        """Everything that has changed until now is known to the others."""
        await self.tally.room("nobody's")


async def let_in(server: Server, socket: str, user: str | None = None) -> None:
    """Sooner or later."""
    while not await server.open(socket, user=user):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def serving(*servers: Server) -> AsyncIterator[None]:
    """As soon as they all work."""
    async with AsyncExitStack() as undo:
        for server in servers:
            undo.push_async_callback(server.bus.close)
            await server.bus.start()
        await until(lambda: all(server.bus.trouble is None for server in servers))
        yield
