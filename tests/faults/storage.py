"""Trouble below a server that is answering: its database is locked by somebody else, or its disk is full.

Each function makes one trial with a server process of its own and returns what it saw. There are no
violations if nothing was lost, doubled or falsely confirmed, reads went on, and all was well soon afterwards.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from api.database.copy import damage
from chains.script import read_script
from tests.faults.asking import AT_ONCE, Sent, identified, message, read, until_ended
from tests.faults.disk import small_disk
from tests.faults.launching import Launcher
from tests.faults.oracle import Oracle, Shown, over_rest
from tests.faults.piped import piped
from tests.faults.server import Server
from tests.faults.tab import Tab

WITHIN_S = 5.0
READ_S = 2.0
UNCOMMITTED_BYTES = 256 * 1024
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
    """Sends that were confirmed while the trouble lasted."""
    refused: int = 0
    """Sends that were refused then. All were accepted when they were repeated."""
    unsaved: int = 0
    """Answers that ended with `storage_unavailable`, with the text that was saved."""
    reasons: set[str] = field(default_factory=set)
    """Why it was not ready, in its own words."""


async def locked_once(launcher: Launcher, folder: Path, chance: Random, *, seconds: float = 10.0) -> Seen:
    """Somebody else holds the database for so long."""
    async with _served(launcher, folder / "data", folder) as server:
        with closing(sqlite3.connect(server.database, isolation_level=None, timeout=30)) as rival:

            async def locked() -> None:
                rival.execute("BEGIN EXCLUSIVE")
                await asyncio.sleep(seconds)
                rival.execute("ROLLBACK")

            return await _Trial(server, chance, seconds).made(locked)


async def full_once(launcher: Launcher, folder: Path, chance: Random, *, seconds: float = 10.0) -> Seen:
    """The disk on which everything lies has no room for so long."""
    with small_disk(DISK_MEGABYTES, folder / "disk") as disk:
        async with _served(launcher, disk.folder / "data", folder) as server:

            async def full() -> None:
                disk.fill(server.pid)
                await asyncio.sleep(seconds)
                disk.free(server.pid)

            return await _Trial(server, chance, seconds).made(full)


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
    def __init__(self, server: Server, chance: Random, seconds: float) -> None:
        self._server = server
        self._chance = chance
        self._lasting = seconds + LONGER_S
        self._seen = Seen()
        self._over = asyncio.Event()
        self._before: list[Sent] = []
        self._during: list[Sent] = []

    async def made(self, trouble: Callable[[], Awaitable[None]]) -> Seen:
        me = await identified(self._server)
        async with self._server.client(headers=me) as client, Tab(self._server.socket_url, me) as tab:
            await self._begin_answers(tab)
            async with asyncio.TaskGroup() as group:
                for look in (self._send, self._read_on, self._look_whether_ready):
                    group.create_task(look(client))
                await trouble()
                self._over.set()
            await self._be_back(client)
            await self._judge(client, tab)
        return self._seen

    async def _begin_answers(self, tab: Tab) -> None:
        """Slow ones, and some that say more than may wait for the database."""
        for pace in ({"rate": 20}, {"rate": 60, "piece_bytes": 1000}) * 2:
            words = pace | {"tokens": int(pace["rate"] * self._lasting)}
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
        answer = await client.post("/api/chat/messages", json=_body(sent), headers=AT_ONCE)
        if answer.status_code == httpx.codes.ACCEPTED:
            sent.ack = answer.json()
            self._seen.accepted += 1
        elif answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            self._seen.refused += 1
            if answer.json()["code"] != "storage_unavailable":
                self._seen.violations.append(f"a send was refused otherwise: {answer.text}")
        else:
            self._seen.violations.append(f"a send was answered by {answer.status_code}: {answer.text}")

    async def _read_on(self, client: httpx.AsyncClient) -> None:
        ack = self._before[0].ack
        assert ack is not None
        while not self._over.is_set():
            began = time.monotonic()
            answer = await client.get(f"/api/chat/sessions/{ack['session_id']}/messages")
            took = time.monotonic() - began
            self._seen.slowest_read_s = max(took, self._seen.slowest_read_s)
            if answer.status_code != httpx.codes.OK or took > READ_S:
                how = f"{answer.status_code} {answer.text[:200]}"
                self._seen.violations.append(f"a read took {took:.1f} s: {how}")
            await asyncio.sleep(EVERY_S)

    async def _look_whether_ready(self, client: httpx.AsyncClient) -> None:
        while not self._over.is_set():
            answer = await client.get("/readyz")
            if answer.status_code != httpx.codes.OK:
                self._seen.reasons.add(answer.json()["reason"])
            await asyncio.sleep(EVERY_S)

    async def _be_back(self, client: httpx.AsyncClient) -> None:
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._accept_again(client, began))
            group.create_task(self._be_ready(client, began))
        for name, took in (("to answer", self._seen.back_s), ("to be ready", self._seen.ready_s)):
            if took > WITHIN_S:
                self._seen.violations.append(f"it took {took:.1f} s {name} again")

    async def _accept_again(self, client: httpx.AsyncClient, began: float) -> None:
        sent = message(self._chance, tokens=3)
        self._during.append(sent)
        while sent.ack is None:
            answer = await client.post("/api/chat/messages", json=_body(sent), headers=AT_ONCE)
            if answer.status_code == httpx.codes.ACCEPTED:
                sent.ack = answer.json()
            else:
                await asyncio.sleep(0.05)
        await until_ended(client, sent)
        self._seen.back_s = time.monotonic() - began

    async def _be_ready(self, client: httpx.AsyncClient, began: float) -> None:
        while (await client.get("/readyz")).status_code != httpx.codes.OK:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.05)
        self._seen.ready_s = time.monotonic() - began

    async def _judge(self, client: httpx.AsyncClient, tab: Tab) -> None:
        for sent in self._during:
            if sent.ack is None:  # it was refused, so the same id may be used again
                answer = await client.post("/api/chat/messages", json=_body(sent), headers=AT_ONCE)
                sent.ack = answer.raise_for_status().json()
            await until_ended(client, sent)
        shown = [await self._watched(tab, sent) for sent in self._before]
        shown += [each for sent in self._during if (each := await self._kept(client, sent)) is not None]
        oracle = Oracle(self._server.database, self._server.record)
        violations = [*oracle.judge(shown), *oracle.leftovers(), *await over_rest(client, shown)]
        self._seen.unsaved = sum(each.status == "failed" for each in shown)
        self._seen.violations += [*violations, *self._pulled_too_much(shown)]
        if found := damage(self._server.database):
            self._seen.violations.append(f"the database is damaged: {found}")
        if not self._server.alive:
            self._seen.violations.append(f"the server has ended: {self._server.said()}")

    async def _watched(self, tab: Tab, sent: Sent) -> Shown:
        assert sent.ack is not None
        return await tab.shown(sent.ack["pending_message_id"], sent.client_message_id, sent.question)

    async def _kept(self, client: httpx.AsyncClient, sent: Sent) -> Shown | None:
        try:
            return await read(client, sent)
        except httpx.HTTPStatusError as error:
            self._seen.violations.append(f"{sent.client_message_id} was confirmed: {error}")
            return None

    def _pulled_too_much(self, shown: list[Shown]) -> list[str]:
        """What the chain was made to say, beyond what was saved, is no more than may wait."""
        said = {}
        for line in map(json.loads, self._server.record.read_text().splitlines()):
            if line["event"] == "end":
                said[line["question"]] = line["said"]
        found = []
        for each in shown:
            script = read_script(each.question)
            numbers = range(min(said[each.question], script.tokens))
            pulled = sum(len(script.token(number)) for number in numbers)
            if pulled > len(each.text) + UNCOMMITTED_BYTES + len(script.token(0)):
                found.append(f"{each.message_id}: {pulled} bytes were pulled and {len(each.text)} saved")
        return found


def _body(sent: Sent) -> dict[str, str]:
    return {"content": sent.question, "client_message_id": sent.client_message_id}
