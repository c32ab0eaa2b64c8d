"""When to come back, and when silence means that nobody is there (protocol, section 3, liveness)."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

SMALLEST_FACTOR = 0.8


@dataclass(frozen=True, slots=True)
class Pace:
    """The protocol's times in seconds; tests make them shorter."""

    steps: tuple[float, ...] = (1, 2, 4, 8, 16, 30)
    stable_s: float = 5
    connect_s: float = 10
    heartbeat_s: float | None = None  # None: what `welcome` says
    pong_s: float = 10
    stream_silence_s: float = 40
    reply_s: float = 5
    pending_s: float = 20  # so much silence about an answer, and it is asked for by its id
    read_again_s: float = 2
    rest_s: float = 30
    rest_first_s: float = 1
    rest_longest_s: float = 30

    def hastened(self, haste: float) -> Self:
        """Return the same pace with all of its times divided by `haste`."""
        times: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}  # Any: floats
        shorter = {name: time_s / haste for name, time_s in times.items() if isinstance(time_s, int | float)}
        return replace(self, **shorter, steps=tuple(step / haste for step in self.steps))

    def rest_delay(self, attempt: int) -> float:
        """Return the wait before REST try number `attempt` (from 0): 1, 2, 4, 8 …, at most 30."""
        return min(self.rest_first_s * 2.0 ** min(max(0, attempt), 5), self.rest_longest_s)


class Backoff:
    """1, 2, 4, 8, 16, 30, 30 … s, each times a factor from 0.8 to 1, so that nobody comes back in step."""

    def __init__(self, pace: Pace, random: Callable[[], float]) -> None:
        self._pace = pace
        self._random = random
        self.attempt = 0

    def closed(self, open_for_s: float) -> float:
        """Return the seconds to wait after a connection that was open for so long, 0 if it never was."""
        if open_for_s >= self._pace.stable_s:
            self.attempt = 0
        step = self._pace.steps[min(self.attempt, len(self._pace.steps) - 1)]
        self.attempt += 1
        return step * (SMALLEST_FACTOR + (1 - SMALLEST_FACTOR) * self._random())


class Liveness:
    """Silence on one connection: after a heartbeat of it a ping is due, and some seconds later it is dead."""

    def __init__(self, heartbeat_s: float, pong_s: float, now: float) -> None:
        self._heartbeat_s = heartbeat_s
        self._pong_s = pong_s
        self._heard = now
        self._pinged: float | None = None

    def heard(self, now: float) -> None:
        self._heard = now
        self._pinged = None

    def due(self) -> float:
        """When to look again."""
        return self._heard + self._heartbeat_s if self._pinged is None else self._pinged + self._pong_s

    def look(self, now: float) -> Literal["alive", "ping", "dead"]:
        if now < self.due():
            return "alive"
        if self._pinged is not None:
            return "dead"
        self._pinged = now
        return "ping"
