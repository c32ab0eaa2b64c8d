"""Whoever does not read, or begins and never goes on, is let go of, and others notice nothing."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Self

from loadtests.client import Answer, ChatClient
from tests.faults.clients import shown, surviving
from tests.faults.crowd import allow_descriptors
from tests.faults.footprint import Footprint, at_rest, left_behind
from tests.faults.hostile import Peer, close_all, half_open
from tests.faults.oracle import COMPLETE, Oracle, question
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.server import Server

PROMISE = "Slow or hostile peers hurt only themselves"
OTHERS = 10
RATE = 20
LET_IN_S = 5
GONE_S = 60
SMALL_S, SLOW_S = 2, 36
"""A follower that takes nothing is closed after 30 s; the rest is for a look each second, and to begin."""
MOST_GROWN_MB = 300
MOST_TIMES = 2
WARM_S = 1
ARRIVALS = 60
"""So many hostile peers come in a second: what they are is the matter here, and not how fast they come."""
LOOK_S = 0.1
DESCRIPTORS = 4096
BIG: Mapping[str, object] = {"tokens": 900, "piece_bytes": 1000}  # more than any buffer on the way holds


@dataclass(frozen=True)
class Attack:
    never_reading: int
    half_open: int

    @property
    def coming_s(self) -> float:
        return (self.never_reading + self.half_open) / ARRIVALS


SMALL = Attack(20, 100)
WHOLE = Attack(200, 1000)


@dataclass
class Attacked:
    """A server, others that go on with what they do, and the peers that are hostile to it."""

    server: Server
    oracle: Oracle
    others: Sequence[ChatClient]
    attacker: ChatClient
    peers: list[Peer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _named: Iterator[int] = field(default_factory=count)

    async def lateness(self, seconds: float) -> list[float]:
        """What each token of the others came late, in seconds."""
        tokens = int(seconds * RATE)
        await asyncio.gather(*(self.ask(other, tokens=tokens, rate=RATE) for other in self.others))
        return [each for other in self.others for each in other.measures.take().lateness_s]

    async def ask(self, client: ChatClient, session_id: str | None = None, **words: object) -> Answer:
        """An answer, which must be whole."""
        name = f"h-{next(self._named)}"
        text = question(name, **words)
        answer = await client.ask(text, session_id=session_id, client_message_id=name)
        self.wrong += self.oracle.judge([shown(answer, text)], statuses=COMPLETE)
        return answer

    async def begin(self, attack: Attack, session_id: str) -> "tuple[list[Peer], asyncio.Task[Answer]]":
        """All are connected, and the followers that will not read follow what is then asked."""
        authorization = f"Authorization: Bearer {self.attacker.token}\r\n"
        for number in range(attack.half_open):
            self.peers.append(await half_open(self.server.port, authorization, number))
            await asyncio.sleep(1 / ARRIVALS)
        slow = [Peer(self.server.port) for _ in range(attack.never_reading)]
        self.peers += slow
        for peer in slow:
            await peer.follow(authorization, session_id)
            await asyncio.sleep(1 / ARRIVALS)
        return slow, asyncio.create_task(self.ask(self.attacker, session_id, **BIG))

    async def let_in(self) -> float:
        """How long somebody new waits for an answer."""
        began = asyncio.get_running_loop().time()
        async with ChatClient(self.server.url, transport="websocket", scripted=True) as fresh:
            await self.ask(fresh, tokens=3)
        return asyncio.get_running_loop().time() - began


@dataclass
class Lateness:
    """The 99th percentiles of each trial: of the time before and after together, and of that meanwhile."""

    usual: list[float] = field(default_factory=list)
    meanwhile: list[float] = field(default_factory=list)

    def add(self, usual: Sequence[float], meanwhile: Sequence[float]) -> None:
        self.usual.append(_p99(usual))
        self.meanwhile.append(_p99(meanwhile))

    @property
    def times(self) -> float:
        """Of each trial by itself, and then the median: one noisy moment decides nothing."""
        both = zip(self.meanwhile, self.usual, strict=True)
        return median(meanwhile / usual for meanwhile, usual in both)


def _p99(late: Sequence[float]) -> float:
    return sorted(late)[int(len(late) * 0.99)]


async def attacked(trial: Trial) -> Measured:
    """A first look is a small attack, too short to judge lateness and to see anybody go."""
    allow_descriptors(DESCRIPTORS)
    async with surviving(trial) as (server, oracle), AsyncExitStack() as stack:
        others = [
            await stack.enter_async_context(ChatClient(server.url, transport="websocket", scripted=True))
            for _ in range(OTHERS)
        ]
        attacker = await stack.enter_async_context(ChatClient(server.url, transport="http"))
        found, lateness = Attacked(server, oracle, others, attacker), Lateness()
        await found.lateness(WARM_S)
        memory = await stack.enter_async_context(Memory(server.pid))
        for number in trial.numbers():
            try:
                await _trial(trial, found, lateness)
            finally:
                close_all(found.peers)
                found.peers.clear()
            trial.fail(number, [*found.wrong, *_too_much(trial, memory)])
            found.wrong.clear()
        if lateness.usual:
            _judge(trial, lateness)
        broken = [str(each) for client in (*others, attacker) for each in client.violations.first]
        trial.fail(trial.size - 1, broken)
    return trial.measured


async def _trial(trial: Trial, found: Attacked, lateness: Lateness) -> None:
    """Others are measured before it, from its first connection on until its last is let go, and after it."""
    attack = SMALL if trial.small else WHOLE
    measured_s = attack.coming_s + (SMALL_S if trial.small else SLOW_S)
    session_id = (await found.ask(found.attacker, tokens=1)).session_id
    usual = await found.lateness(measured_s / 2)
    before = await at_rest(found.server)
    late, (slow, big), waited = await asyncio.gather(
        found.lateness(measured_s), found.begin(attack, session_id), found.let_in()
    )
    trial.measured.figure("s until somebody new had an answer", waited, LET_IN_S)
    if waited > LET_IN_S:
        found.wrong.append(f"somebody new waited for {waited:.1f} s")
    async with asyncio.timeout(GONE_S):
        await big
    if not trial.small:
        found.wrong += await _gone(found, before=before, slow=slow)
        lateness.add([*usual, *await found.lateness(measured_s / 2)], late)


def _judge(trial: Trial, lateness: Lateness) -> None:
    trial.measured.figure("ms of lateness without (p99)", median(lateness.usual) * 1000)
    trial.measured.figure("ms of lateness meanwhile (p99)", median(lateness.meanwhile) * 1000)
    trial.measured.figure("times as late as before", lateness.times, MOST_TIMES)
    if lateness.times >= MOST_TIMES:
        pairs = zip(lateness.usual, lateness.meanwhile, strict=True)
        told = ", ".join(f"{usual * 1000:.1f} and {late * 1000:.1f}" for usual, late in pairs)
        trial.fail(trial.size - 1, f"others' p99 without and meanwhile, in ms: {told}")


def _too_much(trial: Trial, memory: "Memory") -> list[str]:
    grown = memory.grown_mb
    trial.measured.figure("MB of memory more", grown, MOST_GROWN_MB)
    return [f"the memory grew by {grown:.0f} MB"] if grown >= MOST_GROWN_MB else []


class Memory:
    """How much more memory a process has had since this began, at any time."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._before = self._most = self._now_kb()

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()

    @property
    def grown_mb(self) -> float:
        return (max(self._most, self._now_kb()) - self._before) / 1024

    async def _watch(self) -> None:
        while True:
            self._most = max(self._most, self._now_kb())
            await asyncio.sleep(LOOK_S)

    def _now_kb(self) -> int:
        lines = self._status.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


async def _gone(found: Attacked, *, before: Footprint, slow: Sequence[Peer]) -> list[str]:
    """Those that do not read were told why they are closed, and nothing of anybody is left."""
    wrong = await left_behind(found.server, before, GONE_S)
    async with asyncio.timeout(GONE_S):
        told = await asyncio.gather(*(peer.was_too_slow() for peer in slow))
    if not all(told):
        wrong.append(f"{told.count(False)} that never read were not closed with 4001")
    return wrong


PROOFS = [
    Proof("followers that never read and half-open requests", small=1, full=4, run=attacked, quiet=True)
]
