"""Two clients of one user in one session, by different ways, each doing what people do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from api.core.lifecycle import Status
from loadtests.client import Answer, ChatClient, Mode, Pace, Refused
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.frames import Frame
from tests.faults.asking import identified
from tests.faults.clients import surviving
from tests.faults.oracle import Oracle, Shown, question
from tests.faults.proofs import Measured, Trial
from tests.faults.server import Server

PAIRS = 4
MODES: Sequence[Mode] = ("websocket", "http", "auto")
DEEDS = ("send", "send", "send", "stop", "stop", "retry", "retry", "drop", "drop", "change")
PACE = Pace(steps=(0.01, 0.02, 0.04), stable_s=0.5, reply_s=2, rest_first_s=0.02, read_again_s=0.05)
PAGE = 5  # few, so that there is something to page
SETTLED_S = 30
SCRIPTS: Sequence[dict[str, object]] = (
    {"tokens": 3},
    {"tokens": 20, "rate": 500, "sources": 2, "confidence": 0.5},
    {"tokens": 40, "rate": 2000, "form": "chunk"},
    {"tokens": 9, "rate": 500, "fail_at": 6},
    {"tokens": 40, "rate": 200},
)
DONE = {"send": "sends", "retry": "retries", "drop": "drops", "change": "changes"}
EXPECTED = {"not_latest"}
KEPT = ("id", "index", "role", "status", "content", "client_message_id", "reply_to", "retry_of")


async def agreed(trial: Trial) -> Measured:
    """They send, stop, retry, lose their connection, change the way, and show the same in the end."""
    async with surviving(trial) as (server, oracle), AsyncExitStack() as stack:
        free: asyncio.LifoQueue[Pair] = asyncio.LifoQueue()
        for _ in range(PAIRS):
            free.put_nowait(await stack.enter_async_context(_pair(server, trial.seed)))

        async def run(number: int, chance: Random) -> Sequence[str]:
            pair = await free.get()
            try:
                return await _Run(trial.measured, oracle, pair, number, chance).made()
            finally:
                free.put_nowait(pair)

        await trial.each(run, at_once=PAIRS)
    return trial.measured


@dataclass
class Pair:
    tabs: tuple[ChatClient, ChatClient]
    rest: httpx.AsyncClient
    broken: list[int] = field(default_factory=lambda: [0, 0])

    def violations(self) -> list[str]:
        """What the clients have heard that no server may say, since the last time."""
        found = []
        for each, tab in enumerate(self.tabs):
            found += [str(wrong) for wrong in tab.violations.first[self.broken[each] :]]
            self.broken[each] = len(tab.violations.first)
        return found


@asynccontextmanager
async def _pair(server: Server, seed: int) -> AsyncIterator[Pair]:
    me = await identified(server)
    token = me["Authorization"].removeprefix("Bearer ")
    options: dict[str, Any] = {"pace": PACE, "scripted": True, "seed": seed, "page_limit": PAGE}
    async with (
        ChatClient(server.url, token, transport="websocket", **options) as one,
        ChatClient(server.url, token, transport="http", **options) as other,
        server.client(headers=me) as rest,
    ):
        yield Pair((one, other), rest)


class _Run:
    """One session of its own, from its start until both show all of it."""

    def __init__(self, measured: Measured, oracle: Oracle, pair: Pair, number: int, chance: Random) -> None:
        self._measured = measured
        self._oracle = oracle
        self._pair = pair
        self._chance = chance
        self._name = f"p-{number}-{chance.getrandbits(32):08x}"
        self._questions: dict[str, str] = {}
        self._told: list[tuple[str, str]] = []
        self._session = ""

    async def made(self) -> Sequence[str]:
        made = await self._pair.rest.post("/api/chat/sessions", json={})
        self._session = made.raise_for_status().json()["id"]
        states = []
        for tab in self._pair.tabs:
            tab.switch(self._chance.choice(MODES))
            states.append(await tab.follow(self._session))
        chances = [Random(self._chance.getrandbits(64)) for _ in states]
        await asyncio.gather(
            *(
                self._person(each, tab, state, chances[each])
                for each, (tab, state) in enumerate(zip(self._pair.tabs, states, strict=True))
            )
        )
        wrong = await self._compared(states)
        for tab in self._pair.tabs:
            tab.leave(self._session)
        return [*wrong, *self._pair.violations()]

    async def _person(self, who: int, tab: ChatClient, state: Conversation, chance: Random) -> None:
        for step in range(chance.randint(3, 6)):
            try:
                done = await self._deed(tab, state, f"{self._name}-{who}-{step}", chance)
            except Refused as refused:
                if refused.code not in EXPECTED:
                    raise
                done = refused.code
            self._measured.count(done)
            await asyncio.sleep(chance.choice((0, 0, 0.003, 0.01)))

    async def _deed(self, tab: ChatClient, state: Conversation, name: str, chance: Random) -> str:
        """What was done, to be counted: some deeds find nothing that they could be done to."""
        deed = chance.choice(DEEDS)
        newest = next((row for row in reversed(state.shown()) if row["role"] == "assistant"), None)
        ended = newest is not None and Status(newest["status"]).terminal
        if deed == "send":
            await self._send(tab, name, chance)
        elif deed == "drop" and tab.carrier == "socket":
            tab.cut()
        elif deed == "change":
            tab.switch(chance.choice(MODES))
        elif deed == "stop" and newest is not None:
            self._told.append((newest["id"], await tab.stop(self._session, newest["id"])))
            return "stops of what had ended" if ended else "stops of what ran"
        elif deed == "retry" and newest is not None and ended:
            await tab.retry(_answer(newest), client_message_id=name)
        else:
            return "deeds without an object"
        return DONE[deed]

    async def _send(self, tab: ChatClient, name: str, chance: Random) -> None:
        """While the other's answer runs it is refused as busy, and the client sends it again by itself."""
        self._questions[name] = question(name, **chance.choice(SCRIPTS))
        entry = tab.send(self._questions[name], session_id=self._session, client_message_id=name)
        ack = await tab.accepted(entry)
        if chance.random() < 0.5:
            await tab.ended(self._session, ack["pending_message_id"])

    async def _compared(self, states: Sequence[Conversation]) -> list[str]:
        """What both show, what the database holds, what REST tells."""
        end = await self._settled()
        for tab, state in zip(self._pair.tabs, states, strict=True):
            await asyncio.wait_for(tab.until(lambda state=state: _has_all(state, end)), SETTLED_S)  # type: ignore[misc] # bound
        shown = [[_told(each) for each in await tab.history(self._session)] for tab in self._pair.tabs]
        page = await self._pair.rest.get(self._path, params={"limit": 200})
        told = [_told(each) for each in page.raise_for_status().json()["messages"]]
        kept = self._oracle.kept(self._session)
        wrong = [
            f"{who} shows {_first(rows, told)}"
            for who, rows in zip(("one tab", "the other"), shown, strict=True)
            if rows != told
        ]
        if (listed := [{name: each[name] for name in KEPT} for each in told]) != kept:
            wrong.append(f"REST and the database: {_first(listed, kept)}")
        now = {each["id"]: each["status"] for each in told}
        wrong += [
            f"a stop was told {status}, and it is {now[id_]}"
            for id_, status in self._told
            if id_ in now and Status(status).terminal and now[id_] != status
        ]
        for status in (each["status"] for each in told if each["role"] == "assistant"):
            self._measured.count(f"{status} answers")
        return [*wrong, *self._oracle.judge(self._answers(told))]

    @property
    def _path(self) -> str:
        return f"/api/chat/sessions/{self._session}/messages"

    async def _settled(self) -> int:
        """The log's end, once nothing runs."""
        while True:
            page = (await self._pair.rest.get(self._path)).raise_for_status().json()
            if all(Status(each["status"]).terminal for each in page["messages"]):
                return int(page["seq"])
            await asyncio.sleep(0.005)

    def _answers(self, told: Sequence[Frame]) -> list[Shown]:
        asked = {each["id"]: each["client_message_id"] for each in told if each["role"] == "user"}
        return [
            Shown(
                self._session,
                each["id"],
                each["client_message_id"] or asked[each["reply_to"]],
                self._questions[asked[each["reply_to"]]],
                each["content"],
                each["status"],
                asked_as=asked[each["reply_to"]],
            )
            for each in told
            if each["role"] == "assistant"
        ]


def _has_all(state: Conversation, end: int) -> bool:
    return state.following == "yes" and state.cursor is not None and state.cursor >= end and not state.busy


def _answer(message: Frame) -> Answer:
    return Answer(
        message["id"],
        message["session_id"],
        message["content"],
        message["status"],
        message,
        "",
        duplicate=False,
    )


def _told(message: Frame) -> Frame:
    """All of a message that the log tells too: an event has no `completed_at`, and no `error_id`."""
    error = message["error"] and {name: message["error"][name] for name in ("code", "message", "retryable")}
    return {name: value for name, value in message.items() if name != "completed_at"} | {"error": error}


def _first(rows: Sequence[Frame], others: Sequence[Frame]) -> str:
    """The first difference of two lists of messages."""
    if len(rows) != len(others):
        ids = [[each["id"] for each in some] for some in (rows, others)]
        return f"{len(rows)} messages, of {len(others)}: {ids[0]}, {ids[1]}"
    return next(
        f"{name} of {row['id']}: {row.get(name)!r} and {other.get(name)!r}"
        for row, other in zip(rows, others, strict=True)
        for name in {**row, **other}
        if row.get(name) != other.get(name)
    )
