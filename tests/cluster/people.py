"""People before several servers, and which server has what of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from loadtests.client import ChatClient
from loadtests.cluster.cluster import Cluster
from loadtests.cluster.steadychat import Steadychat

WITHIN_S = 20.0


async def having(cluster: Cluster, figure: str) -> list[Steadychat]:
    """The servers of which the figure is not 0."""
    running = [server for server in cluster.servers if server.alive]
    figures = await asyncio.gather(*(asyncio.to_thread(server.figure, figure) for server in running))
    return [server for server, value in zip(running, figures, strict=True) if value]


async def sockets(cluster: Cluster) -> list[Steadychat]:
    return await having(cluster, "steadychat_sockets_open")


async def writing(cluster: Cluster) -> list[Steadychat]:
    return await having(cluster, "steadychat_generations_running")


@asynccontextmanager
async def _tab(cluster: Cluster, token: str | None) -> AsyncIterator[ChatClient]:
    async with ChatClient(cluster.url, token, scripted=True) as tab:
        await tab.until(lambda: tab.carrier == "socket")
        yield tab


@asynccontextmanager
async def apart(cluster: Cluster) -> AsyncIterator[tuple[Sequence[ChatClient], Sequence[Steadychat]]]:
    """Two tabs of one person, each on the server beside it, as the proxy deals out what is new."""
    async with AsyncExitStack() as stack, asyncio.timeout(WITHIN_S * 4):
        tabs: list[ChatClient] = []
        places: list[Steadychat] = []
        while len(tabs) < 2:
            tabs.append(await stack.enter_async_context(_tab(cluster, tabs[0].token if tabs else None)))
            places += [server for server in await sockets(cluster) if server not in places]
        assert len(places) == 2, "the proxy put both on one server"
        yield tabs, places
        for tab in tabs:
            tab.violations.check()
