"""A chain that holds its own thread holds up nobody else."""

import asyncio
import time
from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random

from loadtests.client import Answer, ChatClient
from loadtests.protocol.frames import Frame
from tests.faults.clients import shown
from tests.faults.footprint import at_rest, left_behind
from tests.faults.oracle import COMPLETE, Oracle, Shown, question
from tests.faults.proofs import Measured, Trial
from tests.faults.server import Server

CHAINS = "scripted=chains.scripted:build,sync=chains.scripted:build_synchronous"
RATE = 10
APART_S = 0.05
LAST_S = 0.5
"""So long before the last stream ends the sleeper is stopped."""
LATE_S = 0.1
STOP_S = 0.5
WAKE_S = 10.0
CANCELLED = frozenset({"cancelled"})
WIDER = 3


@dataclass(frozen=True)
class Size:
    """So many streams, and how long each is; all begin, and end, while the sleeper sleeps."""

    streams: int
    stream_s: float
    sleep_s: float

    @property
    def begin_s(self) -> float:
        return self.streams * APART_S

    @property
    def middle_s(self) -> float:
        return (self.begin_s + self.stream_s) / 2

    @property
    def near_end_s(self) -> float:
        return self.begin_s + self.stream_s - LAST_S


SMALL, WHOLE = Size(20, 1.5, 5), Size(50, 25, 30)


async def beside_a_sleeper(trial: Trial) -> Measured:
    """One chain calls `time.sleep` in its synchronous code; meanwhile others stream, and two are stopped.

    50 streams beside 30 s of sleep; in a first look only 20 beside 5 s, and bars that are three times as
    wide. They begin one after another, every 50 ms: to accept 50 in one instant takes the processor long
    enough to be late by itself, with or without a sleeper.
    """
    size = SMALL if trial.small else WHOLE
    async with Server(trial.launcher, trial.folder, chains=CHAINS) as server:
        await server.start()
        await _warm(server)
        before, oracle = await at_rest(server), Oracle(server.database, server.record)
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(ChatClient(server.url, transport="websocket", scripted=True))
                for _ in range(size.streams + 2)
            ]

            async def make(number: int, _: Random) -> Sequence[str]:
                return await Beside(trial, size, oracle, number, clients).made()

            await trial.each(make)
        trial.fail(trial.size - 1, [*oracle.leftovers(), *await left_behind(server, before)])
    return trial.measured


async def _warm(server: Server) -> None:
    """The thread of the synchronous chain is there from its first question on, and stays."""
    async with ChatClient(server.url, transport="websocket") as client:
        await client.ask("tokens=1", chain="sync")


class Beside:
    """A trial: one sleeper, one stream that is stopped in the middle, and the others, which go on."""

    def __init__(
        self, trial: Trial, size: Size, oracle: Oracle, number: int, clients: Sequence[ChatClient]
    ) -> None:
        self._measured = trial.measured
        self._wider = WIDER if trial.small else 1
        self._size = size
        self._oracle = oracle
        self._number = number
        self._clients = clients
        self._sleeper, self._stopped, *self._others = clients
        self._wrong: list[str] = []
        self._since = 0.0

    async def made(self) -> Sequence[str]:
        asked_at = time.monotonic()
        name, text = self._named("sleeper", tokens=3, block_at=1, block=self._size.sleep_s)
        sleeper = await _begun(self._sleeper, name, text, chain="sync")
        self._since = time.monotonic()  # its thread sleeps from now on
        async with asyncio.TaskGroup() as group:
            others = [group.create_task(self._stream(at)) for at in range(len(self._others))]
            group.create_task(self._stop_another())
            group.create_task(self._stop_sleeper(sleeper, name, text))
        self._judge([other.result() for other in others], COMPLETE)
        over_at = time.monotonic()
        await self._slept(name, asked_at, over_at)
        self._look_at_lateness()
        self._wrong += [str(each) for client in self._clients for each in client.violations.first]
        return self._wrong

    def _named(self, who: str, **words: object) -> tuple[str, str]:
        name = f"{who}-{self._number}"
        return name, question(name, **words)

    def _paced(self, who: str) -> tuple[str, str]:
        return self._named(who, tokens=int(self._size.stream_s * RATE), rate=RATE)

    async def _stream(self, at: int) -> Shown:
        await asyncio.sleep(at * APART_S)
        name, text = self._paced(f"stream-{at}")
        return shown(await self._others[at].ask(text, client_message_id=name), text)

    async def _stop_another(self) -> None:
        """One that streams like the others do."""
        await asyncio.sleep(self._size.middle_s - self._size.stream_s / 2)
        name, text = self._paced("stopped")
        ack = await _begun(self._stopped, name, text)
        await self._until(self._size.middle_s)
        await self._stop(self._stopped, ack, text, "another")

    async def _stop_sleeper(self, ack: Frame, name: str, text: str) -> None:
        await self._until(self._size.near_end_s)
        if self._oracle.ended(name) is not None:
            self._wrong.append("the sleeper was awake before it was stopped")
        await self._stop(self._sleeper, ack, text, "the sleeper")

    async def _until(self, after_s: float) -> None:
        await asyncio.sleep(self._since + after_s - time.monotonic())

    async def _stop(self, client: ChatClient, ack: Frame, text: str, who: str) -> None:
        began = time.monotonic()
        await client.stop(ack["session_id"], ack["pending_message_id"])
        message = await client.ended(ack["session_id"], ack["pending_message_id"])
        took, bar = time.monotonic() - began, STOP_S * self._wider
        self._measured.figure(f"s until a stop of {who} had ended it", round(took, 4), bar)
        if took >= bar:
            self._wrong.append(f"the stop of {who} took {took:.1f} s")
        self._judge([shown(Answer.of(ack, message), text)], CANCELLED)

    def _judge(self, answers: Sequence[Shown], statuses: Collection[str]) -> None:
        self._wrong += self._oracle.judge(answers, statuses=statuses)

    async def _slept(self, name: str, asked_at: float, over_at: float) -> None:
        """By the chain's own record: the whole time, and longer than anybody streamed."""
        async with asyncio.timeout(self._size.sleep_s + WAKE_S):
            while (end := self._oracle.ended(name)) is None:  # noqa: ASYNC110 - nothing tells of the file
                await asyncio.sleep(0.05)
        if end["outcome"] != "closed":
            self._wrong.append(f"the sleeper was not stopped in its sleep, it {end['outcome']}")
        if end["at"] - asked_at < self._size.sleep_s:
            self._wrong.append(f"it slept for {end['at'] - asked_at:.1f} s at most")
        if end["at"] < over_at:
            self._wrong.append(f"others streamed for {over_at - end['at']:.1f} s after it was awake")

    def _look_at_lateness(self) -> None:
        late = sorted(each for other in self._others for each in other.measures.take().lateness_s)
        slow, bar = late[int(len(late) * 0.99)], LATE_S * self._wider
        self._measured.count("tokens beside it", len(late))
        self._measured.figure("ms of lateness (p99)", round(slow * 1000, 1), round(bar * 1000))
        if slow >= bar:
            self._wrong.append(f"p99 lateness was {slow * 1000:.0f} ms")


async def _begun(client: ChatClient, name: str, text: str, chain: str | None = None) -> Frame:
    """The ack of a message whose first token has come."""
    ack = await client.accepted(client.send(text, client_message_id=name, chain=chain))
    session_id, message_id = ack["session_id"], ack["pending_message_id"]
    await client.until(lambda: _text(client, session_id, message_id) != "")
    return ack


def _text(client: ChatClient, session_id: str, message_id: str) -> str:
    row = client._driver.core.conversations[session_id].rows.get(message_id)
    return "" if row is None else str(row.text)
