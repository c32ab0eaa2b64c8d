"""How long a chain may take."""

import asyncio
from dataclasses import dataclass

from api.service.contained import Origin

TURN_S = 0.01


class ChainTimeoutError(Exception):
    """The chain was silent, or at work, for too long."""


@dataclass(frozen=True, slots=True)
class GenerationLimits:
    """Seconds, and bytes of UTF-8; see the settings of the same names."""

    first_piece: float
    gap: float
    total: float
    output_bytes: int


class Deadline:
    """Which limit of time comes next: the first piece (awaited from now on), the next one, or the end.

    Whoever pulls tells of each piece, which costs a look at the clock; whoever waits for it asks what is
    `left`, and after that again.
    """

    def __init__(self, limits: GenerationLimits) -> None:
        self._clock = asyncio.get_running_loop().time
        self._end = self._clock() + limits.total
        self._gap = limits.gap
        self._limit = limits.first_piece
        self._since: float | None = self._clock()
        self.expired = False

    @property
    def left(self) -> float:
        """Seconds in which it cannot come, whatever comes before; none if it is here."""
        now = self._clock()
        since = now if self._since is None else self._since
        return min(self._end - now, since + self._limit - now, self._gap)

    def pause(self) -> None:
        """While the database is awaited, only the whole counts."""
        self._since = None

    def next_piece(self) -> None:
        """From now on the next one is awaited.

        Raises ChainTimeoutError for a chain that took its cancellation for itself and went on.
        """
        if self.expired:
            raise ChainTimeoutError
        self._since, self._limit = self._clock(), self._gap


class Turns:
    """Not every chain ever waits for something: while one says a lot, others get a turn now and then.

    A chain of this origin that has waited since the last look has given them one by itself.
    """

    def __init__(self, origin: Origin) -> None:
        self._clock = asyncio.get_running_loop().time
        self._given = self._clock()
        self._origin = origin
        self._steps = origin.steps

    @property
    def due(self) -> bool:
        steps, self._steps = self._steps, self._origin.steps
        if steps != self._steps:
            self._given = self._clock()
            return False
        return self._clock() - self._given >= TURN_S

    async def give(self) -> None:
        await asyncio.sleep(0)
        self._given = self._clock()
