"""Whoever does not read, or begins and never goes on, is let go of, and others notice nothing."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.client import ChatClient
from tests.faults.crowd import allow_descriptors
from tests.faults.footprint import Footprint, at_rest, left_behind
from tests.faults.hostile import Peer, close_all, half_open, text_frame
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.server import Server

PROMISE = "Slow or hostile peers hurt only themselves"
OTHERS = 10
RATE = 20
LET_IN_S = 5
GONE_S = 60
SLOW_S = 36
"""A follower that takes nothing is closed after 30 s; the rest is for a look each second, and to begin."""
MOST_GROWN_MB = 300
LOOK_S = 0.1
DESCRIPTORS = 4096
BIG = "tokens=900 piece_bytes=1000"  # more than any buffer on the way holds


@dataclass(frozen=True)
class Attack:
    never_reading: int
    half_open: int
    measure_s: float


FIRST = Attack(20, 100, 3)
WHOLE = Attack(200, 1000, SLOW_S)


@dataclass
class Attacked:
    """A server, others that go on with what they do, and the peers that are hostile to it."""

    server: Server
    others: Sequence[ChatClient]
    attacker: ChatClient
    peers: list[Peer] = field(default_factory=list)

    async def lateness(self, seconds: float) -> float:
        """The 99th percentile of what the others wait for a token, in seconds."""
        text = f"tokens={int(seconds * RATE)} rate={RATE}"
        await asyncio.gather(*(other.ask(text) for other in self.others))
        late = sorted(each for other in self.others for each in other.measures.take().lateness_s)
        return late[int(len(late) * 0.99)]

    async def begin(self, attack: Attack, session_id: str) -> list[Peer]:
        """All are connected, and the followers that will not read follow; returns these."""
        authorization = f"Authorization: Bearer {self.attacker.token}\r\n"
        subscribe = text_frame(json.dumps({"type": "subscribe", "session_id": session_id}))
        for number in range(attack.half_open):
            self.peers.append(await half_open(self.server.port, authorization, number))
        slow = [Peer(self.server.port) for _ in range(attack.never_reading)]
        self.peers += slow
        for peer in slow:
            await peer.upgrade(authorization, subscribe)
        self.attacker.send(BIG, session_id=session_id)
        return slow

    async def let_in(self) -> float:
        """How long somebody new waits for an answer."""
        began = asyncio.get_running_loop().time()
        async with ChatClient(self.server.url, transport="websocket", scripted=True) as fresh:
            await fresh.ask("tokens=3")
        return asyncio.get_running_loop().time() - began


async def attacked(trial: Trial) -> Measured:
    """The first trial is a small one, too short to judge lateness and to see anybody go."""
    allow_descriptors(DESCRIPTORS)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(trial.launcher, trial.folder))
        await server.start()
        others = [
            await stack.enter_async_context(ChatClient(server.url, transport="websocket", scripted=True))
            for _ in range(OTHERS)
        ]
        attacker = await stack.enter_async_context(ChatClient(server.url, transport="http"))
        for number in trial.numbers():
            found = Attacked(server, others, attacker)
            try:
                trial.fail(number, await _trial(trial, number, found))
            finally:
                close_all(found.peers)
    return trial.measured


async def _trial(trial: Trial, number: int, found: Attacked) -> list[str]:
    attack = WHOLE if number else FIRST
    session_id = (await found.attacker.ask("tokens=1")).session_id
    usual = await found.lateness(attack.measure_s)
    before, memory = await at_rest(found.server), Memory(found.server.pid)
    watch = asyncio.create_task(memory.watch())
    slow = await found.begin(attack, session_id)
    late, waited = await asyncio.gather(found.lateness(attack.measure_s), found.let_in())
    wrong = [f"somebody new waited for {waited:.1f} s"] if waited > LET_IN_S else []
    if number:
        trial.measured.figure("ms of lateness before (p99)", usual * 1000)
        trial.measured.figure("ms of lateness meanwhile (p99)", late * 1000)
        if late >= 2 * usual:
            wrong.append(f"others' p99 was {usual * 1000:.1f} ms and is {late * 1000:.1f} ms")
        wrong += await _gone(found, before=before, slow=slow)
    watch.cancel()
    trial.measured.figure("MB of memory more", memory.grown_mb)
    if memory.grown_mb >= MOST_GROWN_MB:
        wrong.append(f"the memory grew by {memory.grown_mb:.0f} MB")
    return wrong + [str(each) for other in found.others for each in other.violations.first]


class Memory:
    """How much more memory a process has had since now, at any time."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._before = self._now_kb()
        self._most = self._before

    @property
    def grown_mb(self) -> float:
        return (max(self._most, self._now_kb()) - self._before) / 1024

    async def watch(self) -> None:
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
