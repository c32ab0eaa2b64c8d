"""Every accepted message ends, whatever happens to its chain and to the server."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from random import Random

import httpx

from api.service.generate import PATIENCE_S
from chains.script import read_script
from tests.faults.asking import Sent, identified, message, read, send, stop, until_ended
from tests.faults.footprint import at_rest, left_behind
from tests.faults.isolation import beside_a_sleeper
from tests.faults.misbehaving import FAULTS, FLOOD, STAGES, broken_code
from tests.faults.oracle import Oracle, Shown
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.server import Server

PROMISE = "No eternal spinner"
WITHIN_S = 5.0
LIMITS = {"timeout_first_piece": 0.5, "timeout_gap": 0.5, "timeout_total": 2, "limit_output_bytes": 2000}
ENDLESS = 5000
LATEST_S = 2 + PATIENCE_S + WITHIN_S  # what takes its cancellation for itself has the whole time, and a while
MANY = httpx.Limits(max_connections=64)
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
        self._killed_in = trial.first

    async def one(self, number: int) -> None:
        """A trial: what the death before left has ended; then new messages, and a death."""
        chance = self._trial.random(number)
        async with aclosing(await self._restarted()) as client:
            self._killed_in = number
            fresh = [message(chance, **chance.choice(SCRIPTS)) for _ in range(AT_ONCE)]
            self._sent = [each for each in self._sent if each.ack is None] + fresh
            await self._send_and_kill(client, chance)

    async def _send_and_kill(self, client: httpx.AsyncClient, chance: Random) -> None:
        """At a random moment after so many of them were acknowledged, from none to all."""
        acknowledged = asyncio.Semaphore(0)

        async def send_one(each: Sent) -> None:
            await send(client, each)
            acknowledged.release()

        async with asyncio.TaskGroup() as group:
            for each in self._sent:
                group.create_task(send_one(each))
            for _ in range(chance.randint(0, len(self._sent))):
                await acknowledged.acquire()
            await asyncio.sleep(chance.uniform(0, 0.08))
            await self._server.kill()

    async def _restarted(self) -> httpx.AsyncClient:
        """What is found now came of the trial of the death before."""
        began = time.monotonic()
        await self._server.start()
        self._me = self._me or await identified(self._server)
        client = self._server.client(headers=self._me)
        acknowledged = [each for each in self._sent if each.ack is not None]
        shown = [await read(client, each) for each in acknowledged]
        took = time.monotonic() - began
        self._trial.measured.figure("s from restart to ended", took, WITHIN_S)
        if took > WITHIN_S:
            self._trial.fail(self._killed_in, f"it took {took:.1f} s until everything had ended")
        self._judge(shown)
        return client

    def _judge(self, shown: Sequence[Shown]) -> None:
        self._trial.measured.count("answers", len(shown))
        self._trial.measured.count("interrupted", sum(each.status == "interrupted" for each in shown))
        wrong = [words for each in shown for words in self._oracle.judge([each], statuses=_ends(each))]
        self._trial.fail(self._killed_in, [*wrong, *self._oracle.leftovers()])

    async def at_last(self) -> None:
        """What the last death left."""
        async with aclosing(await self._restarted()):
            pass


def _ends(shown: Shown) -> frozenset[str]:
    """How its script ends, or that the death came first."""
    script = read_script(shown.question)
    if script.hang_at >= 0:
        return frozenset({"interrupted"})
    return frozenset({"interrupted", "failed" if script.fail_at >= 0 else "complete"})


async def killed(trial: Trial) -> Measured:
    async with Server(trial.launcher, trial.folder, drain_seconds=0) as server:
        dying = Killed(trial, server)
        for number in trial.numbers():
            await dying.one(number)
        await dying.at_last()
    return trial.measured


async def misbehaved(trial: Trial) -> Measured:
    """Chains that raise, hang, or say what no chain may, at every stage; some are stopped meanwhile."""
    chains = "bad=tests.faults.misbehaving:build"
    async with Server(trial.launcher, trial.folder, chains=chains, **LIMITS) as server:
        await server.start()
        before = await at_rest(server)
        oracle = Oracle(server.database, server.record)
        async with server.client(headers=await identified(server), limits=MANY) as client:

            async def misbehave(_: int, chance: Random) -> Sequence[str]:
                stage, fault = chance.choice(STAGES), chance.choice(FAULTS)
                stopped = chance.random() < 0.3
                shown, took = await _misbehave(client, chance, stage, fault, stopped=stopped)
                trial.measured.count(shown.status)
                code = broken_code(stage, fault)
                waits = code == "chain_timeout"
                bar = LATEST_S if waits and not stopped else WITHIN_S
                trial.measured.figure(f"s until {_kind(waits=waits, stopped=stopped)} had ended", took, bar)
                ends = {"complete" if code is None else "failed", *(["cancelled"] if stopped else [])}
                wrong = oracle.judge([shown], statuses=ends)
                if shown.status != "cancelled" and (told := oracle.code(shown.message_id)) != code:
                    wrong.append(f"it failed with {told}, not {code}")
                if took > bar:
                    wrong.append(f"it ended after {took:.1f} s")
                return [f"{fault} at {stage}: {words}" for words in wrong]

            await trial.each(misbehave, at_once=24)
        trial.fail(trial.size - 1, [*oracle.leftovers(), *await left_behind(server, before)])
    return trial.measured


def _kind(*, waits: bool, stopped: bool) -> str:
    if stopped:
        return "a stopped one"
    return "a hanging one" if waits else "it"


async def _misbehave(
    client: httpx.AsyncClient, chance: Random, stage: str, fault: str, *, stopped: bool
) -> tuple[Shown, float]:
    """The answer once it has ended, and how many seconds that took (from the stop, if it was stopped)."""
    tokens = ENDLESS if fault == FLOOD else chance.randint(1, 20)
    words = {"stage": stage, "fault": fault.replace(" ", "_"), "at": chance.randrange(tokens)}
    sent = message(chance, tokens=tokens, **words)
    await send(client, sent)
    assert sent.ack is not None, "nothing killed the server"
    if stopped:
        await asyncio.sleep(chance.choice((0, 0.01, 0.2)))
    began = time.monotonic()
    if stopped:
        await stop(client, sent)
    await until_ended(client, sent)
    return await read(client, sent), time.monotonic() - began


PROOFS = [
    Proof("kill -9 at random moments", small=8, full=500, run=killed),
    Proof("chains that raise or hang at every stage", small=80, full=2000, run=misbehaved),
    Proof("others beside a chain that sleeps", small=1, full=6, run=beside_a_sleeper, quiet=True),
]
