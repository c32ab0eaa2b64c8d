"""Several servers on one PostgreSQL and one Valkey, all of which a test may break."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.client import Answer, ChatClient
from loadtests.cluster.places import passing
from loadtests.cluster.postgres import Postgres
from loadtests.cluster.valkey import Valkey
from tests.faults.clients import Clients, shown
from tests.faults.launching import Launcher
from tests.faults.oracle import ENDS, Oracle
from tests.faults.server import Server

SECRET = "the same for all of them, since they share their users"
DATABASE = "chat"


@dataclass
class Together:
    """`servers` are started; each has a data folder of its own, and all of them one record of runs."""

    servers: Sequence[Server]
    postgres: Postgres
    valkey: Valkey
    clients: Clients
    oracle: Oracle
    talking: list[ChatClient] = field(default_factory=list)

    async def client(self, number: int, token: str | None = None) -> ChatClient:
        """Somebody who is connected to this server, and comes back to it."""
        client = await self.clients.one(self.servers[number].url, "websocket", token=token)
        self.talking.append(client)
        return client

    def wrong(self, *asked: tuple[Answer, str], statuses: Sequence[str] = tuple(ENDS)) -> list[str]:
        """What is wrong with these answers to their questions, with what is kept, and with what was heard."""
        told = self.oracle.judge([shown(*each) for each in asked], statuses=statuses)
        told += [str(each) for client in self.talking for each in client.violations.first]
        return [*told, *self.oracle.leftovers()]


@asynccontextmanager
async def together(
    launcher: Launcher, folder: Path, count: int = 2, *, start: bool = True, **settings: Any
) -> AsyncIterator[Together]:  # Any: each setting has its type
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(Postgres(stack.enter_context(passing())))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        postgres.create(DATABASE)
        record = folder / "record.jsonl"
        shared = {
            "database_url": postgres.url(DATABASE),
            "redis_url": valkey.url,
            "secret": SECRET,
            **settings,
        }
        servers = []
        for number in range(count):
            server = await stack.enter_async_context(Server(launcher, folder / f"server{number}", **shared))
            server.record = record
            servers.append(server)
        if start:
            await asyncio.gather(*(server.start() for server in servers))
        clients = await stack.enter_async_context(Clients.made(1))
        oracle = Oracle(postgres.dsn(DATABASE).replace("postgresql:", "postgresql+psycopg:"), record)
        yield Together(servers, postgres, valkey, clients, oracle)
