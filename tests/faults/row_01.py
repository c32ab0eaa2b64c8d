"""However its connections are cut, an answer is shown exactly as the chain said it, and it ran once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from math import gcd
from random import Random

from chains.script import Script
from loadtests.client import Answer, Mode
from loadtests.proxy import Cut, How, Plan
from loadtests.proxy.plan import Direction
from tests.faults.judged import Judged
from tests.faults.lines import Line, line, newcomer
from tests.faults.model.proof import HISTORY_PROOFS
from tests.faults.oracle import question
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.server import Server
from tests.faults.talking import Talking

PROMISE = "A lost connection never loses, doubles or reorders text"
HOWS: Sequence[How] = ("fin", "rst", "silence")
TOKENS = 200
TEXT = Script(tokens=TOKENS).text()
AT_ONCE = 16
# The slower, the fewer pieces are joined, and the more bytes has a dialog. At least so many it always has:
RATES = (0, 2_000, 1_000, 500)
SHORT = 2_500
LINES = 20
WAYS: Sequence[Mode] = ("websocket", "auto", "http")
GOLDEN = 0.618


@dataclass(frozen=True)
class Bytes:
    """A dialog over one way: `up` is all that its first connection sends; of `down` there is more or less,
    since pieces are joined, and the end lies anywhere in it."""

    transport: Mode
    up: int
    down: int

    @property
    def positions(self) -> int:
        return self.up + self.down

    def place(self, number: int) -> tuple[Direction, int]:
        """Each trial has a byte of its own, and however few they are, they lie all over the dialog."""
        step = next(step for step in count(int(GOLDEN * self.positions)) if gcd(step, self.positions) == 1)
        at = number * step % self.positions
        return ("up", at) if at < self.up else ("down", at - self.up)


SOCKET = Bytes("websocket", up=512, down=6_000)
HTTP = Bytes("http", up=1_130, down=5_000)


class Cutting:
    """One dialog for each byte, cut there; where a dialog is over before that byte, another one."""

    def __init__(self, trial: Trial, server: Server, judged: Judged, dialog: Bytes) -> None:
        self._trial = trial
        self._server = server
        self._judged = judged
        self._dialog = dialog
        self._token = ""

    async def prepare(self) -> None:
        """Sees how many bytes there are when nothing is cut."""
        self._token = await newcomer(self._server)
        async with line(self._server, self._token, self._dialog.transport) as whole:
            name = "b-whole-whole"
            answer = await whole.client.ask(question(name, tokens=TOKENS, rate=0), client_message_id=name)
            sent = sum(each["up"] for each in whole.proxy.stats()["open"] if each["connection"] == 1)
        if answer.text != TEXT or sent > self._dialog.up:
            self._trial.fail(
                self._trial.first, f"a dialog has {sent} bytes up, of which {self._dialog.up} are cut"
            )

    async def one(self, number: int, _chance: Random) -> Sequence[str]:
        direction, at = self._dialog.place(number)
        plan = Plan(cuts=(Cut(direction, at, HOWS[at % len(HOWS)]),))
        for rate in _rates(direction, at):
            name = f"b-{number:06}-{rate:04}"
            words = question(name, tokens=TOKENS, rate=rate)
            async with line(self._server, self._token, self._dialog.transport, plan, seed=number) as mine:
                answer = await mine.client.ask(words, client_message_id=name)
                cut = mine.cuts > 0
            wrong = differing(answer, TEXT, mine)
            if wrong:
                return [f"{plan.cuts[0]}: {words}" for words in wrong]
            self._judged.answer(answer, words)
            if cut:
                self._trial.measured.count(f"{direction} by {plan.cuts[0].how}")
                return []
        self._trial.measured.count("dialogs that ended before the byte")
        return []


def _rates(direction: Direction, at: int) -> Sequence[int]:
    if direction == "up":
        return RATES[:1]
    return RATES if at < SHORT else RATES[1:]


def differing(answer: Answer, text: str, mine: Line) -> list[str]:
    """What the client itself can tell of."""
    found = [str(each) for each in mine.client.violations.first]
    if (answer.text, answer.status) != (text, "complete"):
        found.append(f"{answer.status}, {len(answer.text)} of {len(text)} characters: {answer.text[-60:]!r}")
    return found


@asynccontextmanager
async def _judged(trial: Trial) -> AsyncIterator[tuple[Server, Judged]]:
    async with Server(trial.launcher, trial.folder) as server:
        await server.start()
        judged = Judged(trial, server)
        yield server, judged
        judged.at_last()


async def _every_byte(trial: Trial, dialog: Bytes) -> Measured:
    async with _judged(trial) as (server, judged):
        cutting = Cutting(trial, server, judged, dialog)
        await cutting.prepare()
        await trial.each(cutting.one, at_once=AT_ONCE)
    return trial.measured


async def every_byte_of_the_socket(trial: Trial) -> Measured:
    return await _every_byte(trial, SOCKET)


async def every_byte_over_rest(trial: Trial) -> Measured:
    return await _every_byte(trial, HTTP)


async def random_cuts(trial: Trial) -> Measured:
    async with _judged(trial) as (server, judged), AsyncExitStack() as stack:
        token = await newcomer(server)
        lines = min(LINES, max(3, trial.size // 10))
        free: asyncio.Queue[Talking] = asyncio.Queue()
        for number in range(lines):
            way = line(server, token, WAYS[number % len(WAYS)], seed=trial.seed + number, page_limit=5)
            free.put_nowait(Talking(await stack.enter_async_context(way), judged, trial.measured))

        async def cut(number: int, chance: Random) -> Sequence[str]:
            talking = await free.get()
            try:
                return await talking.cut(number, chance)
            finally:
                free.put_nowait(talking)

        await trial.each(cut, at_once=lines)
        while not free.empty():
            trial.fail(trial.size - 1, await free.get_nowait().finish())
    return trial.measured


PROOFS = [
    Proof("a cut at every byte, WebSocket", small=45, full=SOCKET.positions, run=every_byte_of_the_socket),
    Proof("a cut at every byte, REST and SSE", small=30, full=HTTP.positions, run=every_byte_over_rest),
    Proof("random cuts of running answers", small=60, full=10_000, run=random_cuts),
    *HISTORY_PROOFS,
]
