"""Somebody who asks one question after the other, and now and then scrolls back, while their line is cut."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from random import Random

from chains.script import read_script
from loadtests.client import Answer
from loadtests.proxy import Cut, How, Plan
from loadtests.proxy.plan import Direction
from tests.faults.judged import Judged
from tests.faults.lines import Line
from tests.faults.oracle import question
from tests.faults.proofs import Measured

HOWS: Sequence[How] = ("fin", "rst", "silence")
SCRIPTS: Sequence[dict[str, object]] = (
    {"tokens": 300, "rate": 100},
    {"tokens": 600, "rate": 200, "form": "chunk"},
    {"tokens": 150, "rate": 60, "piece_bytes": 60, "sources": 2},
)
SHAPES: Sequence[Plan] = (
    Plan(),
    Plan(),
    Plan(delay_ms=5, jitter_ms=20),
    Plan(rate=200_000),
    Plan(dribble=100, dribble_ms=1),
)
A_LITTLE_S = 0.3
EXCHANGES = 8
SCROLLS = 0.3


class Talking:
    def __init__(self, line: Line, judged: Judged, measured: Measured) -> None:
        self._line = line
        self._judged = judged
        self._measured = measured
        self._asked: asyncio.Task[Answer] | None = None
        self._question = ""
        self._over_at = 0.0
        self._session_id: str | None = None
        self._said: list[str] = []
        self._scrolled: asyncio.Task[list[str]] | None = None
        self._told = 0

    @property
    def _answering(self) -> bool:
        """Whether the chain must still be speaking: it cannot have begun before it was asked."""
        return self._asked is not None and not self._asked.done() and _now() < self._over_at

    async def cut(self, number: int, chance: Random) -> Sequence[str]:
        """One cut while an answer is written; and whatever is wrong with the answers that ended meanwhile."""
        wrong: list[str] = []
        while not wrong:
            if not self._answering:
                wrong += await self.finish()
                self._ask(number, chance)
            await self._progress(chance)
            if await self._cut(chance):
                break
        return wrong

    def _ask(self, number: int, chance: Random) -> None:
        words = chance.choice(SCRIPTS)
        script = read_script(question("", **words))
        name = f"c-{number}-{chance.getrandbits(32):08x}"
        self._question = question(name, **words)
        if len(self._said) >= 2 * EXCHANGES:
            self._session_id, self._said = None, []
        self._over_at = _now() + script.tokens / script.rate
        client = self._line.client
        self._asked = asyncio.create_task(
            client.ask(self._question, session_id=self._session_id, client_message_id=name)
        )
        if self._said and chance.random() < SCROLLS:
            self._scrolled = asyncio.create_task(self._scroll())

    async def _progress(self, chance: Random) -> None:
        """Mostly until something more is shown; else at once, into the middle of coming back."""
        if chance.random() < 0.7:
            heard = self._line.characters
            with suppress(TimeoutError):
                async with asyncio.timeout(A_LITTLE_S):
                    await self._line.client.until(lambda: self._line.characters != heard)

    async def _cut(self, chance: Random) -> bool:
        """Whether it was cut, and the chain was still speaking then."""
        proxy, how = self._line.proxy, chance.choice(HOWS)
        before, carrier = self._line.cuts, self._line.client.carrier
        await proxy.plan(_plan(how, chance), "all")
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, self._over_at - _now())):
                await proxy.reached(cuts=before + 1)
        done = self._line.cuts > before and self._answering
        # Now and then whoever comes back is cut in the same way; else the line is whole again, if slow.
        if not done or chance.random() < 0.7:
            await proxy.plan(chance.choice(SHAPES), "new")
        if done:
            self._measured.count(f"by {how}")
            self._measured.count("while it came back" if carrier == "none" else f"over {carrier}")
        return done

    async def finish(self) -> Sequence[str]:
        """Waits for the answer, and says what is wrong with it."""
        if self._asked is None:
            return []
        # Whatever fell silent comes to its end now, as on any network: else all that ever did would stay.
        await self._line.proxy.heal()
        asked, self._asked = self._asked, None
        try:
            answer = await asked
        except asyncio.CancelledError:  # the trial was stuck; the next one begins anew
            self._session_id, self._said = None, []
            raise
        violations = [str(each) for each in self._line.client.violations.first]
        wrong, self._told = violations[self._told :], len(violations)
        text = read_script(self._question).text()
        if (answer.text, answer.status) != (text, "complete"):
            wrong.append(f"{self._question}: {answer.status}, {len(answer.text)} of {len(text)}")
        wrong += await self._history()
        self._judged.answer(answer, self._question)
        self._session_id = answer.session_id
        self._said += [self._question, answer.text]
        self._measured.count("answers")
        return wrong

    async def _scroll(self) -> list[str]:
        """All that was ever said in the session, page by page."""
        assert self._session_id is not None
        await self._line.client.follow(self._session_id)
        return [str(message["content"]) for message in await self._line.client.history(self._session_id)]

    async def _history(self) -> list[str]:
        if self._scrolled is None:
            return []
        found, self._scrolled = await self._scrolled, None
        self._measured.count("histories read to their start")
        if found[: len(self._said)] == self._said:
            return []
        return [f"{self._session_id}: of {len(self._said)} earlier messages the history shows {found}"]


def _plan(how: How, chance: Random) -> Plan:
    """A cut within the next bytes of one direction or the other, on a line that may be slow."""
    ways: Sequence[Direction] = chance.choice((("down",), ("down",), ("up",), ("up", "down")))
    most: dict[Direction, float] = {"up": 3, "down": 3.6}
    cuts = tuple(Cut(way, int(10 ** chance.uniform(0, most[way])), how, origin="now") for way in ways)
    shape = chance.choice(SHAPES)
    return Plan(
        cuts,
        delay_ms=shape.delay_ms,
        jitter_ms=shape.jitter_ms,
        rate=shape.rate,
        dribble=shape.dribble,
        dribble_ms=shape.dribble_ms,
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
