"""Whoever comes back is soon where they would have been."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from random import Random
from statistics import quantiles
from typing import Any

import orjson

from loadtests.client import Answer, ChatClient, Pace
from loadtests.measures import Recovery
from loadtests.protocol.frames import Frame
from loadtests.transports.stream import events
from tests.faults.judged import Judged, judged_server
from tests.faults.oracle import Shown, question
from tests.faults.proofs import Measured, Proof, Trial

PROMISE = "Coming back feels instant"
CAUGHT_UP_S = 0.3
REPLAYED_S = 1.0
PATIENCE = 3
"""A first look takes so many times that: others use the machine."""
READERS = 50
RATE = 20
LASTS_S = (30, 90)
# The protocol's own first wait, 0.8 to 1 s; a connection counts as stable sooner, so that it stays the first.
PACE = Pace(stable_s=0.5)
WATCHES_S = (0.6, 2.0)
ENOUGH_S = 5
BIG = 1_000_000
WORDS: dict[str, object] = {"tokens": 1_000, "piece_bytes": BIG // 1_000}
WAITING = Pace(steps=(600,))  # it comes back when it is told to


class Reader:
    """Somebody in front of an answer that is being written, and of another one when it has ended."""

    def __init__(self, client: ChatClient, judged: Judged, number: int) -> None:
        self._client = client
        self._judged = judged
        self._number = number
        self._turn = 0
        self._asked: asyncio.Task[Frame] | None = None
        self._ack: Frame = {}
        self._question = ""
        self._over_at = 0.0

    async def read(self, trial: int, chance: Random) -> None:
        """Sees to it that an answer is running, and goes on for some seconds."""
        if _now() + ENOUGH_S < self._over_at:
            return
        await self.end()
        self._turn += 1
        name, lasts = f"r-{trial}-{self._number}-{self._turn}", chance.randint(*LASTS_S)
        self._question = question(name, tokens=lasts * RATE, rate=RATE)
        self._over_at = _now() + lasts
        self._client.measures.take()
        entry = self._client.send(self._question, client_message_id=name)
        self._ack = await self._client.accepted(entry)
        ids = self._ack["session_id"], self._ack["pending_message_id"]
        self._asked = asyncio.create_task(self._client.ended(*ids))
        await self._client.until(lambda: bool(self._client.measures.first_token_s))

    async def come_back(self, chance: Random) -> Recovery:
        """Is cut off, and waits until nothing is missing of the answer that is running."""
        await asyncio.sleep(chance.uniform(*WATCHES_S))
        self._client.measures.take()
        self._client.cut()
        return await _recovery(self._client, self._ack["session_id"])

    async def end(self) -> None:
        """Stops the answer, which is judged with what it has."""
        if self._asked is not None:
            await self._client.stop(self._ack["session_id"], self._ack["pending_message_id"])
            answer = Answer.of(self._ack, await self._asked)
            self._judged.answer(answer, self._question)
            self._asked = None


async def reconnects(trial: Trial) -> Measured:
    """Times count from the try that succeeds: how long the network was away is not ours to promise."""
    async with judged_server(trial) as (server, judge), AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                ChatClient(server.url, transport="websocket", pace=PACE, scripted=True, seed=number)
            )
            for number in range(min(READERS, max(2, trial.size // 3)))
        ]
        readers = [Reader(client, judge, number) for number, client in enumerate(clients)]
        first = (reader.read(trial.first, trial.random(trial.size + i)) for i, reader in enumerate(readers))
        await asyncio.gather(*first)
        free: asyncio.Queue[Reader] = asyncio.Queue()
        for reader in readers:
            free.put_nowait(reader)
        found: list[Recovery] = []

        async def come_back(number: int, chance: Random) -> Sequence[str]:
            reader = await free.get()
            try:
                await reader.read(number, chance)
                recovery = await reader.come_back(chance)
            finally:
                free.put_nowait(reader)
            found.append(recovery)
            return _wrong(recovery)

        await trial.each(come_back, at_once=len(readers) // 2)
        await asyncio.gather(*(reader.end() for reader in readers))
        trial.fail(trial.size - 1, [str(each) for client in clients for each in client.violations.first])
        trial.fail(trial.size - 1, _judge(trial, found))
    return trial.measured


def _wrong(recovery: Recovery) -> list[str]:
    found = [] if recovery.recovered else [f"it had to load a page: {recovery}"]
    return found if recovery.events else [*found, f"nothing had been written meanwhile: {recovery}"]


def _judge(trial: Trial, found: Sequence[Recovery]) -> list[str]:
    if not found:
        return []
    measured, bar = trial.measured, _bar(trial, CAUGHT_UP_S)
    measured.count("events that came late", sum(each.events for each in found))
    caught_up = _p95([each.from_connect_s for each in found])
    measured.figure("s until caught up, p95", caught_up, bar)
    measured.figure("s until caught up, slowest", max(each.from_connect_s for each in found))
    measured.figure("s with the wait before the try, p95", _p95([each.from_cut_s for each in found]))
    return [f"p95 {caught_up:.3f} s until caught up"] if caught_up > bar else []


def _bar(trial: Trial, seconds: float) -> float:
    return seconds * PATIENCE if trial.small else seconds


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


async def replays(trial: Trial) -> Measured:
    """An answer that was written while its reader was away, and again by the other door."""
    async with (
        judged_server(trial) as (server, judge),
        ChatClient(server.url, transport="websocket", pace=WAITING, scripted=True) as client,
    ):
        for number in trial.numbers():
            trial.fail(number, await _replay(trial, client, judge, number))
        trial.fail(trial.size - 1, [str(each) for each in client.violations.first])
    return trial.measured


async def _replay(trial: Trial, client: ChatClient, judged: Judged, number: int) -> Sequence[str]:
    session_id, position = await _away(client, judged, number)
    name = f"m-{number}-big"
    text = question(name, **WORDS)
    message_id = await _written(client, session_id, text, name)
    client.measures.take()
    client.reconnect()
    message = await client.ended(session_id, message_id)
    judged.add(Shown(session_id, message_id, name, text, message["content"], message["status"]))
    came_back = await _recovery(client, session_id)
    over_sse = await _over_sse(client, session_id, position)
    client.leave(session_id)
    times = {"WebSocket": (came_back.characters, came_back.from_connect_s), "SSE": over_sse}
    wrong, bar = [], _bar(trial, REPLAYED_S)
    for door, (characters, seconds) in times.items():
        trial.measured.figure(f"s over {door}, slowest", seconds, bar)
        if characters != BIG:
            wrong.append(f"{characters} characters were replayed over {door}, not {BIG}")
        if seconds > bar:
            wrong.append(f"{seconds:.3f} s over {door}")
    return wrong


async def _away(client: ChatClient, judged: Judged, number: int) -> tuple[str, tuple[str, int]]:
    """A session whose reader has read all of it and is cut off then; and where it was."""
    name = f"m-{number}-small"
    text = question(name, tokens=1)
    judged.answer(answer := await client.ask(text, client_message_id=name), text)
    state = await client.follow(answer.session_id)
    end = (await client.rest.page(answer.session_id))["seq"]
    await client.until(lambda: state.following == "yes" and state.cursor == end)
    client.cut()
    await client.until(lambda: client.carrier == "none")
    assert state.epoch is not None
    return answer.session_id, (state.epoch, end)


async def _recovery(client: ChatClient, session_id: str) -> Recovery:
    """Of this session: others may still be followed."""

    def found() -> list[Recovery]:
        return [each for each in client.measures.recoveries if each.session_id == session_id]

    await client.until(lambda: bool(found()))
    return found()[0]


async def _written(client: ChatClient, session_id: str, text: str, name: str) -> str:
    """Has an answer written from start to end; returns its id."""
    body: dict[str, Any] = {"content": text, "client_message_id": name}
    rest = client.rest
    response = await rest.http.post(
        f"{rest.url}/api/chat/sessions/{session_id}/messages",
        json=body,
        headers=dict(rest.headers),
        timeout=60,
    )
    return str(response.raise_for_status().json()["pending_message_id"])


async def _over_sse(client: ChatClient, session_id: str, after: tuple[str, int]) -> tuple[int, float]:
    """How many characters came from there to the end of an answer, and in how many seconds."""
    began, characters = _now(), 0
    async for event in events(client.rest, WAITING, session_id, after):
        if event.event == "token":
            characters += len(orjson.loads(event.data)["content"])
        elif event.event == "done":
            break
    return characters, _now() - began


def _now() -> float:
    return asyncio.get_running_loop().time()


PROOFS = [
    Proof("reconnects among 50 running answers", small=30, full=1_000, run=reconnects, quiet=True),
    Proof("an answer of 1 MB from its start", small=2, full=50, run=replays, quiet=True),
]
