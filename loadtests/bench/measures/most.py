"""How many clients at a reader's pace a server keeps up with."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from loadtests.bench.measures.paced import Paced, paced
from loadtests.bench.server import Server

NARROW = 1.1
"""Where so much more clients are too many, the greatest number is known well enough."""
STEP, FEWEST, MOST = 1.4, 4, 2_000


@dataclass(frozen=True)
class Most:
    """The greatest number of clients with a p99 lateness under 50 ms; 0 if it keeps up with hardly any.

    `tried` tells the better lateness of each number; `client_bound`: with more, the load was at its own end.
    """

    clients: int
    client_bound: bool
    tried: Mapping[str, float]


@dataclass(frozen=True)
class Bracket:
    """Between the most that went well and the least that did not."""

    good: int = 0
    bad: int = MOST

    def next(self, started: int) -> int | None:
        """The number to try, None when it is known well enough."""
        if self.bad <= self.good * NARROW or self.bad <= FEWEST or self.good + 1 >= self.bad:
            return None
        if not self.good:
            return started if self.bad == MOST else int(self.bad / STEP)
        if self.bad == MOST:
            return min(MOST - 1, int(self.good * STEP))
        return round(math.sqrt(self.good * self.bad))


async def most(server: Server, start: int) -> Most:
    """Steps that grow narrower, from a number that is likely; each is given a second chance."""
    tried: dict[str, float] = {}

    async def keeps_up(clients: int) -> Paced:
        found = await _twice(lambda: paced(server, clients, answers=1))
        tried[str(clients)] = round(found.late_p99_ms, 1)
        return found

    return replace(await search(keeps_up, start), tried=tried)


async def search(attempt: Callable[[int], Awaitable[Paced]], start: int) -> Most:
    bracket, bound = Bracket(), False
    while (count := bracket.next(start)) is not None:
        found = await attempt(count)
        if found.kept_up:
            bracket = replace(bracket, good=count)
        else:
            bracket, bound = replace(bracket, bad=count), found.client_bound
    return Most(bracket.good, bound, {})


async def _twice(attempt: Callable[[], Awaitable[Paced]]) -> Paced:
    """Once more if it was late: the machine may have been somebody else's."""
    found = await attempt()
    return found if found.kept_up else min(found, await attempt(), key=lambda each: each.late_p99_ms)
