"""Both ends of connections through a proxy, played by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from loadtests.proxy.plan import Plan
from loadtests.proxy.proxy import Proxy


@dataclass
class End:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hear(self, count: int) -> bytes:
        return await self.reader.readexactly(count)

    async def rest(self) -> bytes:
        """Everything until the end; raises ConnectionResetError if it is cut by a reset."""
        return await self.reader.read()

    def end(self) -> None:
        self.writer.write_eof()

    @property
    def port(self) -> int:
        found: int = self.writer.get_extra_info("sockname")[1]
        return found


@dataclass
class Place:
    """A server that hands out the connections it gets, with a proxy in front of it."""

    proxy: Proxy
    arrived: asyncio.Queue[End] = field(default_factory=asyncio.Queue)
    ends: list[End] = field(default_factory=list)

    async def connect(self) -> End:
        end = End(*await asyncio.open_connection(*self.proxy.address))
        self.ends.append(end)
        return end

    async def pair(self, plan: Plan | None = None) -> tuple[End, End]:
        """A client's and a server's end, with this plan between them."""
        if plan is not None:
            await self.proxy.plan(plan, "next")
        return await self.connect(), await self.arrived.get()


@asynccontextmanager
async def place(seed: int = 0) -> AsyncIterator[Place]:
    found: Place

    async def arrive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = End(reader, writer)
        found.ends.append(end)
        found.arrived.put_nowait(end)

    server = await asyncio.start_server(arrive, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[:2], seed)
    found = Place(proxy)
    await proxy.listen("127.0.0.1", 0)
    try:
        yield found
    finally:
        proxy.close()
        server.close()
        for end in found.ends:
            end.writer.transport.abort()
        await proxy.reached(open=0)
