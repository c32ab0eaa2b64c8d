"""Connections on which nobody says anything for many minutes, or one word a minute, behind strict proxies."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, product

from loadtests.client import Answer, ChatClient, Mode
from loadtests.protocol.frames import Frame
from loadtests.proxy import FaultProxy, Plan
from tests.faults.clients import Clients, shown, surviving
from tests.faults.oracle import Oracle, question
from tests.faults.proofs import Measured, Trial

IDLE_S = (60, 25)
"""What proxies cut at; the second is stricter than any that are known, so that half a minute shows much."""
HELD_S = 20 * 60
SMALL_HELD_S = 28
LOOK_S = 2
SLACK_S = 1
TOLERANCE_S = 10
TRANSPORTS: Sequence[Mode] = ("websocket", "http")
Words = Mapping[str, object]
BRIEF: Words = {"first_delay": 26, "tokens": 2}
SLOW: Sequence[Words] = (
    BRIEF,
    {"first_delay": 55, "tokens": 10, "rate": 1 / 50},
    {"first_delay": 55, "tokens": 8, "rate": 1 / 75},
    {"first_delay": 55, "tokens": 6, "rate": 1 / 100},
)
IDLE_EACH = 5
ROLES: Sequence[Words | None] = (*[None] * IDLE_EACH, *SLOW)
PLACES = list(product(ROLES, range(len(IDLE_S)), TRANSPORTS))
CONNECTIONS = len(PLACES)


@dataclass
class Strict:
    """A proxy that cuts what is idle, and a mute connection through it, which shows that it does."""

    proxy: FaultProxy
    idle_s: float
    idle: int = 0
    quiet: set[int] = field(default_factory=set)
    """The connections, by their numbers, that must stay all the time."""
    mute: int = 0
    cut_after_s: asyncio.Task[float] | None = None

    @staticmethod
    @asynccontextmanager
    async def before(port: int, idle_s: float, seed: int) -> AsyncIterator["Strict"]:
        async with FaultProxy.before("127.0.0.1", port, seed=seed) as proxy:
            await proxy.plan(Plan(idle_s=idle_s))
            strict = Strict(proxy, idle_s)
            yield strict
            if strict.cut_after_s is not None:
                strict.cut_after_s.cancel()

    async def quiet_from_now(self) -> None:
        """Only idle ones are open. The mute one gets no server, which would not wait for it so long."""
        await self.proxy.wait(open=self.idle)
        self.quiet = {each["connection"] for each in (await self.proxy.stats())["open"]}
        await self.proxy.plan(Plan(idle_s=self.idle_s, admission="hang"), "next")
        self.mute = (await self.proxy.stats())["accepted"] + 1
        began = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection(self.proxy.host, self.proxy.port)
        await self.proxy.wait(accepted=self.mute)

        async def until_cut() -> float:
            try:
                await reader.read()
                return asyncio.get_running_loop().time() - began
            finally:
                writer.close()

        self.cut_after_s = asyncio.create_task(until_cut())

    async def wrong(self, held_s: float) -> list[str]:
        """Nothing but the mute one was cut, that one at its time, and all idle ones are still there."""
        stats = await self.proxy.stats()
        cuts = [cut for cut in stats["done"] if cut["connection"] == self.mute]
        wrong = [f"the proxy cut {cut}" for cut in stats["done"] if cut["connection"] != self.mute]
        lost = self.quiet - {each["connection"] for each in stats["open"]}
        if len(self.quiet) != self.idle or lost:
            wrong.append(
                f"{self.idle} are idle, {len(self.quiet)} were connected, {len(lost)} of these no more"
            )
        if held_s > self.idle_s + SLACK_S or cuts:
            wrong += self._of_mute(cuts)
        return wrong

    def _of_mute(self, cuts: Sequence[Mapping[str, object]]) -> list[str]:
        if (
            len(cuts) != 1
            or cuts[0]["why"] != "idle"
            or self.cut_after_s is None
            or not self.cut_after_s.done()
        ):
            return [f"the mute connection should be cut once, when idle: {cuts}"]
        if not -SLACK_S < (after_s := self.cut_after_s.result()) - self.idle_s < TOLERANCE_S:
            return [f"the mute connection was cut after {after_s:.1f} s, not {self.idle_s}"]
        return []


@dataclass
class Slow:
    """Somebody who asks a slow chain, and when it has ended another time."""

    client: ChatClient
    script: Words
    name: str
    questions: dict[str, str] = field(default_factory=dict)
    whole: list[Answer] = field(default_factory=list)
    stopped: list[Answer] = field(default_factory=list)
    over: bool = False
    _ack: Frame | None = None

    async def run(self) -> None:
        for number in count():
            name = f"{self.name}-{number}"
            text = self.questions[name] = question(name, **self.script)
            self._ack = ack = await self.client.accepted(self.client.send(text, client_message_id=name))
            ended = await self.client.ended(ack["session_id"], ack["pending_message_id"])
            (self.stopped if self.over else self.whole).append(Answer.of(ack, ended))
            if self.over:
                return

    async def end(self, task: asyncio.Task[None]) -> None:
        """Stops what runs. Raises what broke meanwhile."""
        self.over = True
        while not task.done():
            if self._ack is not None:
                await self.client.stop(self._ack["session_id"], self._ack["pending_message_id"])
            await asyncio.wait([task], timeout=LOOK_S)
        task.result()

    def wrong(self, oracle: Oracle, *, must: bool) -> list[str]:
        wrong = [f"no slow answer ended: {self.script}"] if must and not self.whole else []
        for answers, statuses in ((self.whole, {"complete"}), (self.stopped, {"complete", "cancelled"})):
            judged = [shown(answer, self.questions[answer.client_message_id]) for answer in answers]
            wrong += oracle.judge(judged, statuses=statuses)
        return wrong


async def silence(trial: Trial) -> Measured:
    """A trial is a connection, and all are held at once; let go of before their time they do not count."""
    async with surviving(trial) as (server, oracle), AsyncExitStack() as stack:
        proxies = [
            await stack.enter_async_context(Strict.before(server.port, idle_s, trial.seed))
            for idle_s in IDLE_S
        ]
        held = Held(trial, proxies, await stack.enter_async_context(Clients.made(trial.seed)), oracle)
        await held.begin()
        trial.fail(trial.first, await held.until_over())
    return trial.measured


@dataclass
class Held:
    """All connections of the proof."""

    trial: Trial
    proxies: Sequence[Strict]
    clients: Clients
    oracle: Oracle
    idle: list[ChatClient] = field(default_factory=list)
    slow: list[Slow] = field(default_factory=list)
    began: float = 0

    async def begin(self) -> None:
        places = list(enumerate(PLACES))[self.trial.first : self.trial.size]
        for _, (script, proxy, transport) in places:
            if script is None:
                self.idle.append(await _idle(self.clients, self.proxies[proxy], transport))
        for each in self.proxies:
            await each.quiet_from_now()
        self.began = asyncio.get_running_loop().time()
        for number, (script, proxy, transport) in places:
            if script is not None:
                client = await self.clients.one(self.proxies[proxy].proxy.url, transport)
                self.slow.append(Slow(client, script, f"s-{number}"))

    @property
    def _held_s(self) -> float:
        return asyncio.get_running_loop().time() - self.began

    async def until_over(self) -> list[str]:
        most_s = SMALL_HELD_S if self.trial.small else HELD_S
        running = [asyncio.create_task(each.run()) for each in self.slow]
        while self._held_s < most_s and not self.trial.over:
            if any(task.done() for task in running):
                break
            await asyncio.sleep(LOOK_S)
        held_s = self._held_s
        everybody = [*self.idle, *(each.client for each in self.slow)]
        wrong = [
            *_dropped(everybody),
            *[each for proxy in self.proxies for each in await proxy.wrong(held_s)],
        ]
        for each, task in zip(self.slow, running, strict=True):
            await each.end(task)
            must = held_s >= most_s and (each.script is BRIEF or not self.trial.small)
            wrong += each.wrong(self.oracle, must=must)
        self.trial.measured.count("slow answers", sum(len(each.whole) for each in self.slow))
        if held_s >= most_s:
            self.trial.measured.figure("minutes of the oldest connection", held_s / 60)
            self.trial.measured.trials += len(everybody)
        return wrong


async def _idle(clients: Clients, strict: Strict, transport: Mode) -> ChatClient:
    """Follows a session in which nothing happens any more."""
    client = await clients.one(strict.proxy.url, transport)
    answer = await client.ask("tokens=1")
    await client.follow(answer.session_id)
    strict.idle += 1
    return client


def _dropped(clients: Sequence[ChatClient]) -> list[str]:
    """Nobody lost a connection, whoever ended it, nor heard anything wrong."""
    wrong = [str(each) for client in clients for each in client.violations.first]
    for place, client in enumerate(clients):
        if client.measures.connections > 1 or client.measures.recoveries or client.measures.recovering:
            wrong.append(f"client {place} ({client.carrier}) lost its connection: {client.measures}")
    return wrong
