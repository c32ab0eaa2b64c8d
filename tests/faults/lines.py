"""A verifying client on a line of its own, which a proof can cut at any byte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from loadtests.client import ChatClient, Mode, Pace
from loadtests.proxy import Plan
from loadtests.proxy.proxy import Proxy, Whom
from tests.faults.server import Server, no_tls

# Somebody who notices silence soon and is quick to come back, so that a trial is over soon. Whoever comes is
# waited for longer: on a machine that is busy for a while, a crowd that gives up too soon would keep it so.
PACE = Pace(
    steps=(0.01, 0.02, 0.04, 0.08),
    stable_s=0.5,
    connect_s=2,
    heartbeat_s=0.2,
    pong_s=0.2,
    stream_silence_s=0.5,
    reply_s=0.4,
    pending_s=3,
    read_again_s=0.02,
    rest_s=2,
    rest_first_s=0.01,
    rest_longest_s=0.1,
)


@dataclass(frozen=True)
class Line:
    """`proxy` stands between this client and the server, and nobody else's bytes pass through it."""

    client: ChatClient
    proxy: Proxy

    @property
    def cuts(self) -> int:
        return int(self.proxy.stats()["cuts"])

    @property
    def following(self) -> bool:
        """Whether it hears of all that it follows."""
        return all(state.following == "yes" for state in self.client._driver.core.conversations.values())

    @property
    def characters(self) -> int:
        """How much of answers the client holds."""
        return sum(
            len(row.text)
            for state in self.client._driver.core.conversations.values()
            for row in state.rows.values()
            if row.message["role"] == "assistant"
        )


async def newcomer(server: Server) -> str:
    """The token of somebody new."""
    async with ChatClient(server.url) as client:
        return client.token


@asynccontextmanager
async def line(
    server: Server,
    token: str,
    transport: Mode,
    plan: Plan | None = None,
    whom: Whom = "next",
    *,
    seed: int = 0,
    page_limit: int = 50,
) -> AsyncIterator[Line]:
    """`plan` is for the first connection alone, or for `whom`. The proxy runs here: there are thousands."""
    proxy = Proxy(("127.0.0.1", server.port), seed)
    await proxy.listen("127.0.0.1", 0)
    try:
        if plan is not None:
            await proxy.plan(plan, whom)
        url = f"http://127.0.0.1:{proxy.address[1]}"
        async with (
            http_client() as http,
            ChatClient(
                url,
                token,
                transport=transport,
                pace=PACE,
                scripted=True,
                http=http,
                seed=seed,
                page_limit=page_limit,
            ) as client,
        ):
            yield Line(client, proxy)
            client.cut()  # to say goodbye into silence would take a while
    finally:
        proxy.close()


def http_client() -> httpx.AsyncClient:
    """Its connections are this client's alone."""
    return httpx.AsyncClient(trust_env=False, verify=no_tls(), limits=httpx.Limits(max_connections=None))
