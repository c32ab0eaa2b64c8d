"""What people live through, told to Locust and written down second by second.

People live in the loop's thread and only append; a greenlet of Locust's drains.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from loadtests.histogram import Histogram
from loadtests.measures import Measures, Recovery

Fire: TypeAlias = Callable[..., None]  # Locust's `events.request.fire`
MOST_WORDS = 200


class Violated(Exception):
    """What a correct server would not have done."""


@dataclass
class Second:
    """One line of `observations.jsonl`; times are in seconds, `lateness` in buckets of a histogram."""

    times: dict[str, list[float]] = field(default_factory=dict)
    lateness: Histogram = field(default_factory=Histogram)
    recoveries: list[Recovery] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)

    def json(self) -> dict[str, Any]:  # Any: JSON
        recoveries = [asdict(each) for each in self.recoveries]
        return {**vars(self), "lateness": self.lateness.json(), "recoveries": recoveries}


class Watch:
    """`fire` tells Locust of one request; without a `file` nothing is written down."""

    def __init__(self, fire: Fire, file: Path | None = None) -> None:
        self._fire = fire
        self._file = file
        self._news: deque[Callable[[Second], None]] = deque()
        self.totals: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.violations: Counter[str] = Counter()

    def took(self, name: str, seconds: float, *, size: int = 0, by: str = "person") -> None:
        """Note how long something took that a person waited for."""

        def note(second: Second) -> None:
            second.times.setdefault(name, []).append(round(seconds, 4))
            self._tell(by, name, seconds, size)

        self._news.append(note)

    def counted(self, name: str, number: int = 1) -> None:
        self._news.append(lambda second: second.counts.update({name: number}))

    def ended(self, status: str, length: int) -> None:
        """Note that an answer has ended before a person's eyes, with this status and so many characters."""

        def note(second: Second) -> None:
            second.ends[status] += 1
            second.counts["characters"] += length

        self._news.append(note)

    def violated(self, kind: str, detail: str) -> None:
        def note(second: Second) -> None:
            second.violations[kind] += 1
            if len(second.words) < MOST_WORDS:
                second.words.append(f"{kind}: {detail}")
            self._tell("violation", kind, 0, 0, Violated(detail))

        self._news.append(note)

    def measured(self, measures: Measures, by: str) -> None:
        """Note what a client has measured since the last time."""
        for name, times in (("first token", measures.first_token_s), ("whole answer", measures.answer_s)):
            for each in times:
                self.took(name, each, by=by)
        late, recoveries = measures.lateness_s, measures.recoveries
        if late:
            self._news.append(lambda second: second.lateness.merge(Histogram.of(late)))
            self._news.append(lambda _: self._tell(by, "latest token of an answer", max(late), 0))
        self._news.append(lambda second: second.recoveries.extend(recoveries))
        for recovery in recoveries:
            self.took("resume from the cut", recovery.from_cut_s, size=recovery.characters, by=by)
            self.took("resume from the connect", recovery.from_connect_s, size=recovery.characters, by=by)
        self.counted("connections", measures.connections)
        self.counted("silent ends", measures.silent_ends)

    def drain(self, more: Mapping[str, Any]) -> None:  # Any: JSON
        """Tell and write what has come since the last time, as one line with `more` in it."""
        second = Second()
        for _ in range(len(self._news)):
            self._news.popleft()(second)
        self.totals.update(second.counts)
        self.ends.update(second.ends)
        self.violations.update(second.violations)
        if self._file is not None:
            with self._file.open("a") as lines:
                lines.write(json.dumps({"at": time.time(), **more, **second.json()}) + "\n")

    def _tell(self, by: str, name: str, seconds: float, size: int, error: Exception | None = None) -> None:
        self._fire(
            request_type=by,
            name=name,
            response_time=seconds * 1000,
            response_length=size,
            exception=error,
            context={},
        )
