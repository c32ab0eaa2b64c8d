"""Buses over a real Valkey, and ears that wait for what they have to say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import redis

from api.wakeups.bus import PREFIX, Bus
from api.wakeups.connections import Pace

QUICK = Pace(connect_s=1, quiet_s=0.15, answer_s=0.15, first_wait_s=0.01, longest_wait_s=0.1)
LOOK_S = 0.002


class Ear:
    """Listens from the beginning on, and keeps what it hears and how often it was told to be ready."""

    def __init__(self, bus: Bus, channel: str) -> None:
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._readies: asyncio.Queue[None] = asyncio.Queue()
        self.leave = bus.listen(channel, self._heard.put_nowait, lambda: self._readies.put_nowait(None))

    async def ready(self) -> None:
        """Once for each time."""
        await self._readies.get()

    async def next(self) -> bytes:
        return await self._heard.get()

    def rest(self) -> list[bytes]:
        return [self._heard.get_nowait() for _ in range(self._heard.qsize())]

    @property
    def more_readies(self) -> int:
        return self._readies.qsize()


async def until(true: Callable[[], bool]) -> None:
    """For what nobody tells, like the state of another process."""
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def running(url: str, *names: str, pace: Pace = QUICK) -> AsyncIterator[list[Bus]]:
    """Buses of these names, as soon as they work."""
    async with AsyncExitStack() as undo:
        buses = [Bus(url, name=name, pace=pace) for name in names]
        for bus in buses:
            undo.push_async_callback(bus.close)
            await bus.start()
        await until(lambda: all(bus.trouble is None for bus in buses))
        yield buses


class Admin:
    """Looks at the server from the side."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url, socket_timeout=5)

    def subscribed(self, channel: str) -> int:
        """How many connections are."""
        return int(self.client.pubsub_numsub(PREFIX + channel)[0][1])

    def calls(self, command: str) -> int:
        """How often it was asked for that since it began."""
        return int(self.client.info("commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"])

    def reads(self) -> int:
        """How often it read something from a connection."""
        return int(self.client.info("stats")["total_reads_processed"])

    def part(self) -> None:
        """Breaks all subscription connections off."""
        self.client.client_kill_filter(_type="pubsub")
