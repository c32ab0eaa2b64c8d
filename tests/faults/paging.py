"""Pages read from the newest back to the start, while rows come, are replaced and go."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count, pairwise
from random import Random
from typing import Any, TypeAlias

import httpx

from api.core.lifecycle import Status
from chains.script import Script
from tests.faults.asking import AT_ONCE, identified
from tests.faults.clients import surviving
from tests.faults.oracle import Oracle, question
from tests.faults.proofs import Measured, Trial

USERS = 3
SESSIONS = 10
FIRST_MESSAGES = 8
MOST_MESSAGES = 80
LIMITS = (1, 1, 2, 2, 3, 5, 8, 13, 50, 200)
APART_S = (0, 0.005, 0.02)
DEEDS = ("send",) * 8 + ("retry",) * 6 + ("delete",)
API = "/api/chat"
TOKENS = 2
SAID = Script(tokens=TOKENS).text()
Row: TypeAlias = dict[str, Any]  # Any: JSON


async def paged(trial: Trial) -> Measured:
    """A trial is one page that was compared. For each user one reads and one writes, often in one session."""
    async with surviving(trial, erases=True) as (server, oracle), AsyncExitStack() as stack:
        numbers = count(trial.first)
        async with asyncio.TaskGroup() as group:
            for who in range(USERS):
                client = server.client(headers=await identified(server))
                rest = await stack.enter_async_context(client)
                writer = Writer(rest, trial.measured, trial.random(-1 - who), f"w-{who}-{trial.first}")
                writer.user_id = await _user_id(rest)
                group.create_task(_read_while_written(trial, oracle, numbers, writer))
    return trial.measured


async def _user_id(rest: httpx.AsyncClient) -> str:
    return str((await rest.post(f"{API}/identity")).raise_for_status().json()["user_id"])


async def _read_while_written(trial: Trial, oracle: Oracle, numbers: Iterator[int], writer: "Writer") -> None:
    await writer.fill()
    writing = asyncio.create_task(writer.run())
    try:
        while not trial.over and trial.measured.trials < trial.size - trial.first:
            walk = Walk(trial, oracle, writer, next(numbers))
            await (walk.sessions() if walk.chance.random() < 0.3 else walk.messages())
            if writing.done():
                break
    finally:
        writer.over = True
        await writing


class Writer:
    """Sends, tries again, and deletes sessions, as quickly as one person's script can."""

    def __init__(self, rest: httpx.AsyncClient, measured: Measured, chance: Random, name: str) -> None:
        self.rest = rest
        self.over = False
        self.user_id = ""
        self.sessions: dict[str, int] = {}
        self._measured = measured
        self._chance = chance
        self._name = name
        self._newest: dict[str, str] = {}
        self._sends = 0

    async def fill(self) -> None:
        for _ in range(SESSIONS):
            await self._send(None)
        for session_id in list(self.sessions)[:3]:
            for _ in range(FIRST_MESSAGES):
                await self._send(session_id)
                await self._retry(session_id)

    async def run(self) -> None:
        while not self.over:
            deed = self._chance.choice(DEEDS)
            # Mostly in a few, so that those grow long.
            known = list(self.sessions)
            session_id = known[min(self._chance.randrange(len(known)), self._chance.randrange(len(known)))]
            if deed == "delete" or self.sessions[session_id] > MOST_MESSAGES:
                await self._delete(session_id)
                await self._send(None)
            elif deed == "retry":
                await self._retry(session_id)
            else:
                await self._send(session_id)
            await asyncio.sleep(self._chance.choice(APART_S))

    async def _send(self, session_id: str | None) -> None:
        self._sends += 1
        text = question(f"{self._name}-{self._sends}", tokens=TOKENS)
        body = {"content": text} | ({} if session_id is None else {"session_id": session_id})
        await self._answered(await self.rest.post(f"{API}/messages", json=body, headers=self._prefer()))
        self._measured.count("sends")

    async def _retry(self, session_id: str) -> None:
        path = f"{API}/sessions/{session_id}/messages/{self._newest[session_id]}/retry"
        await self._answered(await self.rest.post(path, json={}, headers=self._prefer()))
        self._measured.count("retries")

    async def _delete(self, session_id: str) -> None:
        (await self.rest.delete(f"{API}/sessions/{session_id}")).raise_for_status()
        del self.sessions[session_id], self._newest[session_id]
        self._measured.count("sessions deleted")

    def _prefer(self) -> Mapping[str, str]:
        """Mostly it waits for the end; else the next thing may come while the answer runs."""
        return AT_ONCE if self._chance.random() < 0.2 else {}

    async def _answered(self, response: httpx.Response) -> None:
        if response.status_code == httpx.codes.CONFLICT:  # the answer before still runs
            return
        told = response.raise_for_status().json()
        session_id = told.get("session_id") or told["message"]["session_id"]
        self._newest[session_id] = told["pending_message_id"]
        self.sessions[session_id] = self.sessions.get(session_id, 0) + 2


@dataclass
class Walk:
    """From the newest page back to the start, with what the database held before and after it."""

    trial: Trial
    oracle: Oracle
    writer: Writer
    number: int
    pages: int = 0

    def __post_init__(self) -> None:
        self.chance = self.trial.random(self.number)

    async def messages(self) -> None:
        """Pages of a session; `include=superseded` now and then, which shows replaced attempts too."""
        session_id = self.chance.choice(list(self.writer.sessions))
        every = self.chance.random() < 0.3
        before = self.oracle.kept(session_id, superseded=every)
        options = {"include": "superseded"} if every else {}
        read = await self._pages(f"{API}/sessions/{session_id}/messages", "messages", options)
        after = self.oracle.kept(session_id, superseded=every)
        if read is None or not after:
            return
        known = {row["id"]: row for row in self.oracle.kept(session_id, superseded=True)}
        self._compare(read, [row for row in before if row["id"] in {each["id"] for each in after}])
        for message in read:
            row = known.get(message["id"])
            if row is None:
                if self.oracle.kept(session_id):
                    self._fail(f"the database never held {message['id']}")
            elif not _fits(message, row):
                self._fail(f"read {message}, kept is {row}")
        if any(later["index"] <= earlier["index"] for earlier, later in pairwise(read)):
            self._fail(f"not in the order of their index: {[each['index'] for each in read]}")

    async def sessions(self) -> None:
        """Pages of the user's sessions. One that was written in meanwhile has moved to the top."""
        before = self.oracle.listed(self.writer.user_id)
        read = await self._pages(f"{API}/sessions", "sessions", {})
        after = self.oracle.listed(self.writer.user_id)
        if read is None:
            return
        still = {row["id"]: row for row in before if row in after}
        self._compare(read, list(still.values()))
        for session in read:
            row = still.get(session["id"], session)
            if any(session[name] != value for name, value in row.items()):
                self._fail(f"read {session}, kept is {row}")
        if any(later["updated_at"] < earlier["updated_at"] for earlier, later in pairwise(read)):
            self._fail(f"not in the order of their activity: {[each['updated_at'] for each in read]}")

    async def _pages(self, path: str, what: str, options: Mapping[str, str]) -> list[Row] | None:
        """All rows, oldest first; None if the session went meanwhile."""
        read: list[Row] = []
        cursor: str | None = None
        while True:
            limit = self.chance.choice(LIMITS)
            params = {**options, "limit": str(limit)}
            if cursor is not None:
                params["before"] = cursor
            response = await self.writer.rest.get(path, params=params)
            if response.status_code == httpx.codes.NOT_FOUND and what == "messages":
                self.trial.measured.count("walks cut off by a deletion")
                return None
            page = response.raise_for_status().json()
            self.pages += 1
            rows = page[what]
            read = [*(rows if what == "messages" else reversed(rows)), *read]
            self.trial.measured.count(f"{what} read", len(rows))
            cursor = page["next_cursor"]
            if len(rows) > limit or (cursor is not None and len(rows) != limit):
                self._fail(f"a page of {len(rows)}, asked were {limit}, and there is more")
            if page["has_more"] != (cursor is not None):
                self._fail(f"has_more {page['has_more']}, next_cursor {cursor}")
            if cursor is None:
                self.trial.measured.count(f"walks through {what}")
                return read

    def _compare(self, read: Sequence[Row], throughout: Sequence[Row]) -> None:
        """What was there all the time was read once; nothing was read twice."""
        measured = self.trial.measured
        measured.trials += min(self.pages, self.trial.size - self.trial.first - measured.trials)
        times = Counter(row["id"] for row in read)
        measured.count("rows compared", len(throughout))
        if twice := [id_ for id_, count in times.items() if count > 1]:
            self._fail(f"read twice: {twice}")
        if missing := [row["id"] for row in throughout if row["id"] not in times]:
            self._fail(f"missing: {missing}")

    def _fail(self, words: str) -> None:
        self.trial.fail(self.number, words)


def _fits(message: Row, row: Row) -> bool:
    """What had ended is as it is now; what ran has no text in its row until it ends."""
    changed = {name for name, value in row.items() if message[name] != value}
    if Status(message["status"]).terminal:
        return not changed
    return changed <= {"status", "content"} and SAID.startswith(message["content"])
