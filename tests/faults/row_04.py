"""What was acknowledged is there after a death, and so is what was shown."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random
from typing import Any, Self

from api.core.points import Point
from loadtests.client import Answer, ChatClient, Mode, Pace
from tests.faults.clients import AtDeath, shown
from tests.faults.oracle import Oracle, Shown, over_rest, question
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.server import DiedError, Server

PROMISE = "What is acknowledged survives; what was seen is kept"
TRANSPORTS: Sequence[Mode] = ("websocket", "auto", "http")
AT_ONCE = 6
PATIENCE_S = 60
# Somebody who is quick to come back, so that a trial is over soon.
PACE = Pace(steps=(0.01, 0.02, 0.04, 0.08), stable_s=0.5, reply_s=2, rest_first_s=0.02, read_again_s=0.05)
SCRIPTS: Sequence[dict[str, object]] = (
    {"tokens": 3},
    {"tokens": 40, "rate": 400},
    {"tokens": 200, "rate": 2000, "sources": 2},
    {"tokens": 20, "piece_bytes": 1000},
    {"tokens": 60, "rate": 600, "form": "chunk", "confidence": 0.5},
)
POINTS = tuple(Point)
# How often a point may be reached before it is the one: a little less than it surely is.
OFTEN = {
    Point.AFTER_CLAIM: AT_ONCE,
    Point.BEFORE_COMMIT: 12,
    Point.AFTER_COMMIT: 12,
    Point.BEFORE_ACK: 2 * AT_ONCE,
    Point.BEFORE_SEND: 30,
    Point.BEFORE_TERMINAL: AT_ONCE,
    Point.BEFORE_END_SENT: AT_ONCE,
}
# A death interrupts, and nothing else is wrong with any answer.
ENDS = frozenset({"complete", "interrupted"})
Asked = dict[str, "asyncio.Task[Answer]"]


@dataclass(frozen=True)
class Armed:
    """Where the server shall die: at the `nth` time from now on, `before` being how often it was there."""

    point: Point
    nth: int
    before: int

    @classmethod
    def at(cls, server: Server, point: Point, nth: int = 1) -> Self:
        return cls(point, nth, server.board.reached(point))

    def met(self, server: Server) -> bool:
        """Whether it died there, and not of itself on the way."""
        return server.process.exited.result() == -signal.SIGKILL and self.reached(server)

    def reached(self, server: Server) -> bool:
        return server.board.reached(self.point) - self.before >= self.nth

    def __str__(self) -> str:
        return f"when '{self.point}' is reached for time {self.nth}"


class Dying:
    """One server that dies in each trial, and clients that stay up and go on where they were."""

    def __init__(self, trial: Trial, server: Server, clients: Sequence[ChatClient]) -> None:
        self._trial = trial
        self._server = server
        self._clients = clients
        self._oracle = Oracle(server.database, server.record)
        self._free: dict[ChatClient, list[str]] = {client: [] for client in clients}
        self._questions: dict[str, str] = {}
        self._asked_by: dict[str, ChatClient] = {}
        self._broken = dict.fromkeys(clients, 0)
        self._armed: Armed | None = None
        self._unmeant: list[str] = []

    async def one(self, number: int, chance: Random) -> Sequence[str]:
        """A trial: one death at one point, and what became of all that had been asked."""
        point = POINTS[number % len(POINTS)]
        self._armed = Armed.at(self._server, point, chance.randint(1, OFTEN[point]))
        self._server.board.arm(point, self._armed.nth)
        asked = await self._until_dead(number, chance)
        if self._look_at_death():
            self._trial.measured.count(f"{point}")
        for client in self._clients:
            await _has_heard_all(client)
        before = AtDeath.of(self._clients, asked)
        await self._restart(chance)
        async with asyncio.timeout(PATIENCE_S):
            answers = await self._answers(asked)
        unmeant, self._unmeant = self._unmeant, []
        return [*unmeant, *self._judge(before, answers), *await self._over_rest(answers)]

    def _look_at_death(self) -> bool:
        """Whether it was the one that was meant: no server that breaks by itself is passed over."""
        meant, self._armed = self._armed, None
        if meant is not None and meant.met(self._server):
            return True
        status = self._server.process.exited.result()
        words = f"it died with status {status}, and was to die {meant or 'nowhere'}"
        self._unmeant.append(f"{words}; it said: {self._server.said()}")
        return False

    async def _until_dead(self, number: int, chance: Random) -> Asked:
        """Asks, and asks again if the point was not reached by that."""
        asked: Asked = {}
        dead = self._server.process.exited
        while not dead.done():
            fresh = dict(self._ask(number, chance) for _ in range(AT_ONCE))
            asked |= fresh
            running: set[asyncio.Future[Any]] = set(fresh.values())
            while running and not dead.done():
                await asyncio.wait({dead, *running}, return_when=asyncio.FIRST_COMPLETED)
                running = {task for task in running if not task.done()}
        return asked

    def _ask(self, number: int, chance: Random) -> "tuple[str, asyncio.Task[Answer]]":
        """In a new session, or in an old one in which nothing runs."""
        client = chance.choice(self._clients)
        name = f"d-{number}-{chance.getrandbits(32):08x}"
        text = question(name, **chance.choice(SCRIPTS))
        self._questions[name] = text
        self._asked_by[name] = client
        free = self._free[client]
        session_id = free.pop() if free and chance.random() < 0.5 else None

        async def ask() -> Answer:
            answer = await client.ask(text, client_message_id=name, session_id=session_id)
            self._free[client] = [*self._free[client], answer.session_id][-4:]
            return answer

        return name, asyncio.create_task(ask())

    async def _restart(self, chance: Random) -> None:
        """Now and then the first one dies too, while it clears up after its predecessor."""
        if chance.random() < 0.1:
            self._armed = Armed.at(self._server, chance.choice((Point.BEFORE_COMMIT, Point.AFTER_COMMIT)))
            try:
                await self._server.start(self._armed.point)
            except DiedError:
                if self._look_at_death():
                    self._trial.measured.count("deaths in recovery")
            else:
                self._server.board.disarm()
                if not self._armed.reached(self._server):
                    self._armed = None
                return
        await self._server.start()

    async def _answers(self, asked: Asked) -> list[Answer]:
        """A server that found nothing to clear up may still die of the first message that it gets."""
        running = set(asked.values())
        while running:
            dead = self._server.process.exited
            either: set[asyncio.Future[Any]] = {dead, *running}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if dead.done():
                if self._look_at_death():
                    self._trial.measured.count("deaths after recovery")
                await self._server.start()
            running = {task for task in running if not task.done()}
        return [task.result() for task in asked.values()]

    async def _over_rest(self, answers: Sequence[Answer]) -> list[str]:
        """REST tells the same to whoever asked."""
        found: list[str] = []
        for client in self._clients:
            mine = [self._shown(each) for each in answers if self._asked_by[each.client_message_id] is client]
            async with self._server.client(headers={"Authorization": f"Bearer {client.token}"}) as http:
                found += await over_rest(http, mine)
        return found

    def _judge(self, before: AtDeath, answers: Sequence[Answer]) -> Sequence[str]:
        wrong = before.missing(answers)
        self._trial.measured.count("acknowledged before", len(before.acknowledged))
        self._trial.measured.count("characters shown before", sum(map(len, before.shown.values())))
        for answer in answers:
            self._trial.measured.count(answer.status)
        judged = self._oracle.judge([*map(self._shown, answers)], statuses=ENDS)
        return [*wrong, *self._violations(), *judged, *self._oracle.leftovers()]

    def _violations(self) -> list[str]:
        """What the clients have seen since the last trial."""
        fresh: list[str] = []
        for client, known in self._broken.items():
            first = client.violations.first
            fresh += map(str, first[known:])
            self._broken[client] = len(first)
        return fresh

    def _shown(self, answer: Answer) -> Shown:
        return shown(answer, self._questions[answer.client_message_id])


async def _has_heard_all(client: ChatClient) -> None:
    """What the server sent before it died has arrived when the connection is seen to have ended."""
    await client.until(lambda: client.carrier != "socket")


async def deaths(trial: Trial) -> Measured:
    async with Server(trial.launcher, trial.folder) as server, AsyncExitStack() as stack:
        await server.start()
        clients = [
            await stack.enter_async_context(
                ChatClient(server.url, transport=transport, pace=PACE, scripted=True, seed=trial.seed)
            )
            for transport in TRANSPORTS
        ]
        dying = Dying(trial, server, clients)
        for number in trial.numbers():
            trial.fail(number, await dying.one(number, trial.random(number)))
    return trial.measured


PROOFS = [Proof("kill -9 at named points", small=14, full=500, run=deaths)]
