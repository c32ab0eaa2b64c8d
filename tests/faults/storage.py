"""Trouble below a server that is answering: its database is locked by somebody else, or its disk is full.

Each function makes one trial with a server process of its own and returns what it saw. There are no
violations if it was felt, nothing was lost, doubled or falsely confirmed, and all was well soon afterwards.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from tests.faults.aftermath import Aftermath, body_of
from tests.faults.asking import AT_ONCE, Sent, identified, message, until_ended
from tests.faults.disk import small_disk
from tests.faults.footprint import at_rest, left_behind
from tests.faults.launching import Launcher
from tests.faults.oracle import Oracle
from tests.faults.piped import piped
from tests.faults.server import Server
from tests.faults.tab import Tab
from tests.support.logged import LOGGED

FELT_S = 10.0
"""Trouble that lasts so long must be felt: the server waits less before it tells somebody."""
EVERY_S = 0.25
LONGER_S = 3.0
"""So much longer than the trouble last the answers that are under way before it."""
DISK_MEGABYTES = 64


@dataclass
class Seen:
    """What one trial saw. Times are in seconds, the first two of them from the end of the trouble on."""

    violations: list[str] = field(default_factory=list)
    back_s: float = 0.0
    """Until a new message was accepted and answered."""
    ready_s: float = 0.0
    """Until it said that it is ready."""
    slowest_read_s: float = 0.0
    accepted: int = 0
    """Sends that were confirmed before the trouble was over."""
    refused: int = 0
    """Sends that were refused. All were accepted when they were repeated."""
    unsaved: int = 0
    """Answers that ended with `storage_unavailable`, with the text that was saved."""
    reasons: set[str] = field(default_factory=set)
    """Why it was not ready, in its own words."""
    real: bool = True
    """Whether a disk was full. Where none could be mounted the process was forbidden to write."""


@dataclass(frozen=True)
class Trouble:
    """`begin` and `end` it. While it lasts, `total` trouble lets nothing at all be written."""

    seconds: float
    begin: Callable[[], object]
    end: Callable[[], object]
    total: bool


async def locked_once(launcher: Launcher, folder: Path, chance: Random, *, seconds: float = 10.0) -> Seen:
    """Somebody else holds the database for so long."""
    async with _served(launcher, folder / "data", folder) as server:
        with closing(sqlite3.connect(server.database, isolation_level=None, timeout=30)) as rival:
            trouble = Trouble(
                seconds,
                lambda: rival.execute("BEGIN EXCLUSIVE"),
                lambda: rival.execute("ROLLBACK"),
                total=True,
            )
            return await _Trial(server, chance, trouble).made()


async def full_once(launcher: Launcher, folder: Path, chance: Random, *, seconds: float = 10.0) -> Seen:
    """The disk on which everything lies has no room for so long; SQLite may still write where it had some."""
    with small_disk(DISK_MEGABYTES, folder / "disk") as disk:
        async with _served(launcher, disk.folder / "data", folder) as server:
            pid = server.pid
            trouble = Trouble(seconds, lambda: disk.fill(pid), lambda: disk.free(pid), total=False)
            seen = await _Trial(server, chance, trouble).made()
            seen.real = disk.real
            return seen


@asynccontextmanager
async def _served(launcher: Launcher, data: Path, beside: Path) -> AsyncIterator[Server]:
    """What the chain records lies elsewhere than the data, and is written whatever happens to their disk."""
    async with Server(launcher, data) as server:
        server.record = beside / "record.jsonl"
        with piped(server.record) as pipe:
            server.record = pipe
            await server.start()
            server.record = beside / "record.jsonl"
            try:
                yield server
            finally:
                await server.kill()


class _Trial:
    def __init__(self, server: Server, chance: Random, trouble: Trouble) -> None:
        self._server = server
        self._chance = chance
        self._trouble = trouble
        self._oracle = Oracle(server.database, server.record)
        self._seen = Seen()
        self._over = asyncio.Event()
        self._before: list[Sent] = []
        self._during: list[Sent] = []

    async def made(self) -> Seen:
        rest = await at_rest(self._server)
        me = await identified(self._server)
        async with self._server.client(headers=me) as client, Tab(self._server.socket_url, me) as tab:
            await self._begin_answers(tab)
            async with asyncio.TaskGroup() as group:
                for look in (self._send, self._read_on, self._look_whether_ready):
                    group.create_task(look(client))
                await self._suffer()
                # At once: what was sent meanwhile, and may still wait, must not make it seem sooner back.
                await self._be_back(client, time.monotonic())
            self._see_whether_felt()
            after = Aftermath(self._server, self._oracle, client, tab, lasted_s=self._trouble.seconds)
            self._seen.violations += await after.judge(self._before, self._during)
            self._seen.unsaved = after.unsaved
        self._seen.violations += await left_behind(self._server, rest)
        return self._seen

    async def _suffer(self) -> None:
        """Nobody else runs between the last look, which counts as within the trouble, and its end."""
        self._trouble.begin()
        before = _logged(self._server.database)
        await asyncio.sleep(self._trouble.seconds)
        after = _logged(self._server.database)
        self._over.set()
        self._trouble.end()
        if self._trouble.total and after != before:
            self._seen.violations.append(f"{after - before} events were written while nothing could be")

    def _see_whether_felt(self) -> None:
        if self._trouble.seconds >= FELT_S and not (self._seen.refused or self._seen.reasons):
            self._seen.violations.append("the trouble was not felt: nothing was refused, and it was ready")

    async def _begin_answers(self, tab: Tab) -> None:
        """Slow ones, and some that say more than may wait for the database."""
        lasting = self._trouble.seconds + LONGER_S
        for pace in ({"rate": 20}, {"rate": 60, "piece_bytes": 1000}) * 2:
            words = pace | {"tokens": int(pace["rate"] * lasting)}
            sent = message(self._chance, **words)
            ack = await tab.ask(type="send", content=sent.question, client_message_id=sent.client_message_id)
            sent.ack = ack
            self._before.append(sent)
        await asyncio.sleep(self._chance.uniform(0.1, 0.6))

    async def _send(self, client: httpx.AsyncClient) -> None:
        async with asyncio.TaskGroup() as group:
            while not self._over.is_set():
                sent = message(self._chance, tokens=3)
                self._during.append(sent)
                group.create_task(self._send_once(client, sent))
                await asyncio.sleep(EVERY_S)

    async def _send_once(self, client: httpx.AsyncClient, sent: Sent) -> None:
        """It is sent after the trouble has begun."""
        answer = await client.post("/api/chat/messages", json=body_of(sent), headers=AT_ONCE)
        if answer.status_code == httpx.codes.ACCEPTED:
            self._confirmed(sent, answer)
        elif answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            self._seen.refused += 1
            if answer.json()["code"] != "storage_unavailable":
                self._seen.violations.append(f"a send was refused otherwise: {answer.text}")
        else:
            self._seen.violations.append(f"a send was answered by {answer.status_code}: {answer.text}")

    def _confirmed(self, sent: Sent, answer: httpx.Response) -> None:
        """What is confirmed is committed by then, so that everybody sees it."""
        sent.ack = answer.json()
        name = sent.client_message_id
        if self._oracle.accepted(name) is None:
            self._seen.violations.append(f"{name} was confirmed, and the database does not hold it")
        if not self._over.is_set():
            self._seen.accepted += 1
            if self._trouble.total:
                self._seen.violations.append(f"{name} was confirmed while nothing could be written")

    async def _read_on(self, client: httpx.AsyncClient) -> None:
        ack = self._before[0].ack
        assert ack is not None
        while not self._over.is_set():
            for path in (f"/api/chat/sessions/{ack['session_id']}/messages", "/api/chat/search?q=a"):
                began = time.monotonic()
                answer = await client.get(path)
                self._seen.slowest_read_s = max(time.monotonic() - began, self._seen.slowest_read_s)
                if answer.status_code != httpx.codes.OK:
                    self._seen.violations.append(f"{path}: {answer.status_code} {answer.text[:200]}")
            await asyncio.sleep(EVERY_S)

    async def _look_whether_ready(self, client: httpx.AsyncClient) -> None:
        while not self._over.is_set():
            answer = await client.get("/readyz")
            if answer.status_code != httpx.codes.OK:
                self._seen.reasons.add(answer.json()["reason"])
            await asyncio.sleep(EVERY_S)

    async def _be_back(self, client: httpx.AsyncClient, began: float) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._accept_again(client, began))
            group.create_task(self._be_ready(client, began))

    async def _accept_again(self, client: httpx.AsyncClient, began: float) -> None:
        sent = message(self._chance, tokens=3)
        self._during.append(sent)
        while sent.ack is None:
            answer = await client.post("/api/chat/messages", json=body_of(sent), headers=AT_ONCE)
            if answer.status_code == httpx.codes.ACCEPTED:
                self._confirmed(sent, answer)
            else:
                await asyncio.sleep(0.05)
        await until_ended(client, sent)
        self._seen.back_s = time.monotonic() - began

    async def _be_ready(self, client: httpx.AsyncClient, began: float) -> None:
        while (await client.get("/readyz")).status_code != httpx.codes.OK:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.05)
        self._seen.ready_s = time.monotonic() - began


def _logged(database: Path) -> int:
    """How many events are committed, as another connection sees it: it may read whoever writes."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reader:
        return int(reader.execute(f"SELECT count(*) FROM {LOGGED}").fetchone()[0])
