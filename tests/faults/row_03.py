"""Every accepted message ends, whatever happens to its chain and to the server."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from random import Random

import httpx

from tests.faults.asking import Sent, identified, message, read, send
from tests.faults.oracle import Oracle, Shown
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.server import Server

PROMISE = "No eternal spinner"
WITHIN_S = 5.0
AT_ONCE = 4
SCRIPTS: Sequence[dict[str, object]] = (
    {"tokens": 5},
    {"tokens": 200, "rate": 1000},
    {"tokens": 100, "hang_at": 0},
    {"tokens": 100, "hang_at": 50, "rate": 2000},
    {"tokens": 30, "rate": 500, "fail_at": 20},
    {"tokens": 30, "form": "chunk", "piece_bytes": 2000},
)


class Killed:
    """A server that is killed at random moments; what it left is looked at after each restart."""

    def __init__(self, trial: Trial, server: Server) -> None:
        self._trial = trial
        self._server = server
        self._oracle = Oracle(server.database, server.record)
        self._me: dict[str, str] = {}
        self._sent: list[Sent] = []

    async def one(self, number: int) -> None:
        """A trial: what the death before left has ended; then new messages, and a death."""
        chance = self._trial.random(number)
        async with aclosing(await self._restarted(number)) as client:
            fresh = [message(chance, **chance.choice(SCRIPTS)) for _ in range(AT_ONCE)]
            self._sent = [each for each in self._sent if each.ack is None] + fresh
            await self._send_and_kill(client, chance)
        self._trial.measured.count("answers", AT_ONCE)

    async def _send_and_kill(self, client: httpx.AsyncClient, chance: Random) -> None:
        async with asyncio.TaskGroup() as group:
            for each in self._sent:
                group.create_task(send(client, each))
            await asyncio.sleep(chance.uniform(0, 0.12))
            await self._server.kill()

    async def _restarted(self, number: int) -> httpx.AsyncClient:
        began = time.monotonic()
        await self._server.start()
        self._me = self._me or await identified(self._server)
        client = self._server.client(headers=self._me)
        acknowledged = [each for each in self._sent if each.ack is not None]
        shown = [await read(client, each) for each in acknowledged]
        took = time.monotonic() - began
        self._trial.measured.figure("s from restart to ended", took)
        if took > WITHIN_S:
            self._trial.fail(number, f"it took {took:.1f} s until everything had ended")
        self._judge(number, shown)
        return client

    def _judge(self, number: int, shown: Sequence[Shown]) -> None:
        self._trial.measured.count("interrupted", sum(each.status == "interrupted" for each in shown))
        self._trial.fail(number, [*self._oracle.judge(shown), *self._oracle.leftovers()])

    async def at_last(self) -> None:
        """What the last death left."""
        async with aclosing(await self._restarted(self._trial.size - 1)):
            pass


async def killed(trial: Trial) -> Measured:
    async with Server(trial.launcher, trial.folder, drain_seconds=0) as server:
        dying = Killed(trial, server)
        for number in trial.numbers():
            await dying.one(number)
        await dying.at_last()
    return trial.measured


PROOFS = [Proof("kill -9 at random moments", small=8, full=500, run=killed)]
