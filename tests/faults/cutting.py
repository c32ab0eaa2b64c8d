"""One dialog for each byte of a connection, cut there."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from math import gcd
from random import Random
from typing import Literal

from chains.script import Script
from loadtests.client import Answer, Mode
from loadtests.proxy import Cut, How, Plan
from loadtests.proxy.plan import Direction
from loadtests.proxy.proxy import Whom
from tests.faults.judged import Judged
from tests.faults.lines import Line, line, newcomer
from tests.faults.oracle import question
from tests.faults.proofs import Trial
from tests.faults.server import Server

HOWS: Sequence[How] = ("fin", "rst", "silence")
TOKENS = 200
TEXT = Script(tokens=TOKENS).text()
ALMOST = len(Script(tokens=TOKENS - 1).text())
GAP_S, QUIET_S = 0.3, 0.1
"""Before the last token, so that what follows can be cut at a byte of its own, however much came before."""
DIALOG: Mapping[str, object] = {"tokens": TOKENS, "gap_at": TOKENS - 1, "gap": GAP_S}
# Where a dialog is over before the byte, a longer one is cut there: fewer pieces are joined, all is wider.
TRIES: Sequence[Mapping[str, object]] = (
    {"rate": 0},
    *({"rate": 2_000, "sources": 2, "pad": "x" * 40},) * 2,
)
A_MOMENT_S = 0.5
BACK_S = 3.0
MANY = 100
GOLDEN = 0.618
Part = Literal["up", "down", "end"]


@dataclass(frozen=True)
class Bytes:
    """The bytes of a dialog's first connection: `up` is all that is sent, `down` and `end` what comes.

    `down` counts from its start: as many as the shortest dialogs have in all. Pieces are joined as it
    happens, so that others are longer. `end` counts from the last token but one, to the last byte of any.
    """

    transport: Mode
    up: int
    down: int
    end: int

    @property
    def positions(self) -> int:
        return self.up + self.down + self.end

    def place(self, number: int) -> tuple[Part, int]:
        """Each trial has a byte of its own, and however few they are, they lie all over the dialog."""
        step = next(step for step in count(int(GOLDEN * self.positions)) if gcd(step, self.positions) == 1)
        at = number * step % self.positions
        if at < self.up:
            return "up", at
        at -= self.up
        return ("down", at) if at < self.down else ("end", at - self.down)


SOCKET = Bytes("websocket", up=512, down=3_800, end=860)
HTTP = Bytes("http", up=1_130, down=3_800, end=1_030)


class Cutting:
    """One dialog for each byte, cut there; where a dialog is over before that byte, a longer one."""

    def __init__(self, trial: Trial, server: Server, judged: Judged, dialog: Bytes) -> None:
        self._trial = trial
        self._server = server
        self._judged = judged
        self._dialog = dialog
        self._token = ""
        self._ends = 0

    async def prepare(self) -> None:
        """Sees how many bytes there are when nothing is cut."""
        self._token = await newcomer(self._server)
        async with line(self._server, self._token, self._dialog.transport) as whole:
            name = "b-000000-w"
            asked = _ask(whole, question(name, **DIALOG, **TRIES[0]), name)
            await _almost(whole, asked)
            before = _passed(whole, "down")
            answer = await asked
            await asyncio.sleep(QUIET_S)  # what follows is short, and a ping would be no part of it
            sent, end = _passed(whole, "up"), _passed(whole, "down") - before
        if answer.text != TEXT or sent > self._dialog.up or end > self._dialog.end:
            words = f"a dialog has {sent} bytes up and {end} at its end, of which {self._dialog} are cut"
            self._trial.fail(self._trial.first, words)

    async def one(self, number: int, _chance: Random) -> Sequence[str]:
        part, at = self._dialog.place(number)
        how = HOWS[at % len(HOWS)]
        for turn, words in enumerate(TRIES):
            name = f"b-{number:06}-{turn}"
            cut, wrong = await self._cut(Cut(_way(part), at, how), part, name, words)
            if wrong:
                return [f"{part} {at} by {how}: {each}" for each in wrong]
            if cut:
                self._trial.measured.count(f"{part} by {how}")
                return []
            self._trial.measured.count("dialogs that had no such byte, and another one was cut")
        return [f"{part} {at}: nothing was cut"]

    async def _cut(
        self, cut: Cut, part: Part, name: str, words: Mapping[str, object]
    ) -> tuple[bool, Sequence[str]]:
        """Whether a dialog was cut there, and what is wrong with it."""
        asked = question(name, **DIALOG, **words)
        early = Plan() if part == "end" else Plan(cuts=(cut,))
        # Where the first connection was given up before its byte, the cut waits for the others as well.
        whom: Whom = "next" if words is TRIES[0] else "new"
        seed = self._trial.seed
        async with line(self._server, self._token, self._dialog.transport, early, whom, seed=seed) as mine:
            once = asyncio.create_task(_once(mine))
            answering = _ask(mine, asked, name)
            if part == "end":
                await _almost(mine, answering)
                await mine.proxy.plan(Plan(cuts=(replace(cut, origin="now"),)), _open(mine))
            answer = await answering
            with suppress(TimeoutError):
                async with asyncio.timeout(A_MOMENT_S):
                    await once
            done, wrong = mine.cuts > 0, differing(answer, TEXT, mine)
            if part == "end" and done:
                done, late = await self._came_back(mine)
                wrong += late
            self._judged.answer(answer, asked)
            return done, wrong

    async def _came_back(self, mine: Line) -> tuple[bool, Sequence[str]]:
        """Whether its events were cut off, and not a page alone; counts what of the end was missing then."""
        measures = mine.client.measures
        with suppress(TimeoutError):
            async with asyncio.timeout(BACK_S):
                await mine.client.until(lambda: bool(measures.recoveries))
        if not measures.recoveries:
            return False, [] if mine.following else ["it did not come back"]
        found = measures.recoveries[0]
        where = {0: "behind the terminal event", 1: "in the terminal event"}
        self._trial.measured.count(f"cuts {where.get(found.events, 'before the last piece was whole')}")
        self._ends += found.events in where
        return True, [] if found.recovered else [f"it had to load a page: {found}"]

    def at_last(self, made: int) -> None:
        """Of many dialogs some must have been cut at their very end."""
        if made >= MANY and not self._ends:
            self._trial.fail(self._trial.size - 1, "no dialog was cut in its terminal event, or behind it")


def _way(part: Part) -> Direction:
    return "up" if part == "up" else "down"


def _open(mine: Line) -> Sequence[int]:
    return [each["connection"] for each in mine.proxy.stats()["open"]]


async def _once(mine: Line) -> None:
    """Whoever comes back is not cut again."""
    await mine.proxy.reached(cuts=1)
    await mine.proxy.plan(Plan(), "all")


def _ask(mine: Line, words: str, name: str) -> asyncio.Task[Answer]:
    return asyncio.create_task(mine.client.ask(words, client_message_id=name))


async def _almost(mine: Line, asked: asyncio.Task[Answer]) -> None:
    """Until all but the last token are shown, and have come if a page was quicker; it is silent then."""
    await mine.client.until(lambda: asked.done() or mine.characters >= ALMOST)
    await asyncio.sleep(QUIET_S)


def _passed(mine: Line, way: Direction) -> int:
    """Over its first connection."""
    return sum(each[way] for each in mine.proxy.stats()["open"] if each["connection"] == 1)


def differing(answer: Answer, text: str, mine: Line) -> list[str]:
    """What the client itself can tell of."""
    found = [str(each) for each in mine.client.violations.first]
    if (answer.text, answer.status) != (text, "complete"):
        found.append(f"{answer.status}, {len(answer.text)} of {len(text)} characters: {answer.text[-60:]!r}")
    return found
