"""The proxy: listens, connects, and lets plans loose on connections."""

import asyncio
import errno
import random
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Literal

from loadtests.proxy.pair import CutDone, Pair, Side
from loadtests.proxy.plan import How, Plan, Unfit

MOST_TOLD = 10_000
BACKLOG = 4096
LISTEN_TRIES = 50
LISTEN_AGAIN_S = 0.1
# Which connections a plan is for: those accepted from now on, only the next one, or the open ones as well.
Whom = Literal["new", "next", "all"]


class Proxy:
    """`plan` decides what happens to connections; `stats` says what did. What is random comes from `seed`."""

    def __init__(self, to: tuple[str, int], seed: int) -> None:
        self._to = to
        self._seed = seed
        self._plan = Plan()
        self._next: deque[Plan] = deque()
        self._pairs: dict[int, Pair] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._cuts: deque[CutDone] = deque(maxlen=MOST_TOLD)
        self._totals: Counter[str] = Counter()
        self.address: tuple[str, int] = ("", 0)

    async def listen(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, host, port, backlog=BACKLOG)
        self.address = self._server.sockets[0].getsockname()[:2]

    def _accept(self) -> Side:
        self._totals["accepted"] += 1
        number = self._totals["accepted"]
        dice = random.Random(f"{self._seed}:{number}")  # noqa: S311 - faults that can be repeated
        pair = Pair(number, dice, self._connect, self._told, self._finished)
        self._pairs[number] = pair
        pair.follow(self._next.popleft() if self._next else self._plan)
        self._changed.set()
        return pair.client

    def _connect(self, pair: Pair) -> None:
        task = asyncio.ensure_future(self._reach(pair))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reach(self, pair: Pair) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: pair.server, *self._to)
        except OSError:
            self._totals["unreachable"] += 1
            pair.reset()

    def _told(self, cut: CutDone) -> None:
        self._cuts.append(cut)
        self._totals["cuts"] += 1
        self._changed.set()

    def _finished(self, pair: Pair) -> None:
        self._totals["up"] += pair.up.passed
        self._totals["down"] += pair.down.passed
        self._pairs.pop(pair.number, None)
        self._changed.set()

    async def plan(self, plan: Plan, whom: Whom | Iterable[int]) -> None:
        """Let a plan loose. Raises `Unfit` for a connection that is not open."""
        if whom == "next":
            self._next.append(plan)
        elif whom == "new" or whom == "all":  # noqa: PLR1714 - a list of numbers is not hashable
            self._plan = plan
            await self._admit(plan)
            if whom == "all":
                for pair in list(self._pairs.values()):
                    pair.follow(plan)
        else:
            numbers = [int(number) for number in whom]
            missing = [number for number in numbers if number not in self._pairs]
            if missing:
                raise Unfit(f"not open: connections {missing}")
            for number in numbers:
                self._pairs[number].follow(plan)

    async def _admit(self, plan: Plan) -> None:
        """Listen or do not: a connection is refused only where nobody listens."""
        if plan.admission == "refuse" and self._server is not None:
            self._server.close()
            self._server = None
        elif plan.admission != "refuse" and self._server is None:
            await self._listen_again()

    async def _listen_again(self) -> None:
        """Somebody else's connection may have been given the port meanwhile, for a moment."""
        for tries_left in reversed(range(LISTEN_TRIES)):
            try:
                await self.listen(*self.address)
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or not tries_left:
                    raise
            await asyncio.sleep(LISTEN_AGAIN_S)

    def cut_all(self, how: How) -> int:
        """Cut every open connection at once; return how many."""
        before = self._totals["cuts"]
        for pair in list(self._pairs.values()):
            pair.cut(how, "all")
        return self._totals["cuts"] - before

    async def heal(self) -> None:
        """Let bytes pass as they come. What cannot be mended, since bytes are gone, is reset."""
        self._next.clear()
        for pair in list(self._pairs.values()):
            if pair.doomed:
                pair.reset()
        await self.plan(Plan(), "all")

    def stats(self, newest: int | None = None) -> dict[str, Any]:  # Any: JSON
        """What has passed and been cut so far: all in counts, and one by one the newest cuts, or so many."""
        told = list(self._cuts)
        open_ = self._pairs.values()
        return {
            "accepted": self._totals["accepted"],
            "unreachable": self._totals["unreachable"],
            "cuts": self._totals["cuts"],
            "up": self._totals["up"] + sum(pair.up.passed for pair in open_),
            "down": self._totals["down"] + sum(pair.down.passed for pair in open_),
            "open": [pair.told() for pair in open_],
            "done": [asdict(cut) for cut in (told if newest is None else told[max(0, len(told) - newest) :])],
        }

    async def reached(self, **counts: int) -> None:
        """Wait until so many have been accepted or cut, or so few (`open`) are left."""
        while not all(
            len(self._pairs) <= count if name == "open" else self._totals[name] >= count
            for name, count in counts.items()
        ):
            self._changed.clear()
            await self._changed.wait()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for pair in list(self._pairs.values()):
            pair.drop()
        for task in self._tasks:
            task.cancel()
