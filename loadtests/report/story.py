"""What a load has written down, read again: the folder of one run."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile, pairwise
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

from loadtests.histogram import Histogram

Line: TypeAlias = dict[str, Any]  # Any: JSON


@dataclass(frozen=True)
class Story:
    """`seconds`, `samples` and `weather` are in order; `at` and `until` count from the start."""

    load: Line
    reckoning: Line
    seconds: list[Line]
    samples: list[Line]
    weather: list[Line]
    began: float

    @classmethod
    def read(cls, folder: Path) -> "Story":
        seconds = list(dropwhile(_nobody, _lines(folder / "observations.jsonl")))
        began = seconds[0]["at"] if seconds else 0.0
        samples = _since(began, _lines(folder / "samples.jsonl"), earlier_s=0)
        weather = _since(began, _lines(folder / "weather.jsonl"))
        load, reckoning = (
            json.loads((folder / f"{name}.json").read_text()) for name in ("load", "reckoning")
        )
        return cls(load, reckoning, _since(began, seconds), samples, weather, began)

    @property
    def lasted_s(self) -> float:
        """From the first observation to the last; a second at least, so that it can be drawn."""
        return max((float(line["at"]) for line in self.seconds), default=0.0) or 1.0

    @property
    def sample_s(self) -> float:
        """The usual time between two looks at the server."""
        gaps = [after["at"] - before["at"] for before, after in pairwise(self.samples)]
        return max(1.0, median(gaps)) if gaps else 1.0

    @property
    def violations(self) -> Counter[str]:
        """Those that people met, and those of the reckoning."""
        return self.total("violations") + Counter(self.reckoning["violations"])

    @property
    def words(self) -> list[str]:
        met = [words for line in self.seconds for words in line["words"]]
        return met + list(self.reckoning["words"])

    def total(self, name: str) -> Counter[str]:
        """Add up the counts of this name over all seconds."""
        found: Counter[str] = Counter()
        for line in self.seconds:
            found.update(line[name])
        return found

    def times(self, name: str) -> Iterator[tuple[float, float]]:
        """Yield each wait of this name: when it was over, and the seconds it took."""
        for line in self.seconds:
            for took in line["times"].get(name, ()):
                yield line["at"], took

    def lateness(self) -> Iterator[tuple[float, Histogram]]:
        for line in self.seconds:
            yield line["at"], Histogram.read(line["lateness"])

    def recoveries(self) -> Iterator[Line]:
        for line in self.seconds:
            yield from line["recoveries"]

    def sampled(self, name: str) -> list[tuple[float, float]]:
        """The values of a figure of the server where it could be had."""
        return [(line["at"], float(line[name])) for line in self.samples if name in line]


def _nobody(line: Line) -> bool:
    """Whether nobody has come yet: before the web UI says so."""
    return not (line["users"] or line["counts"] or line["violations"])


def _lines(file: Path) -> list[Line]:
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def _since(began: float, lines: list[Line], *, earlier_s: float = 1) -> list[Line]:
    """Count times from the beginning; what was a little earlier moves there, and the rest is left out."""
    moved = [
        line | {name: line[name] - began for name in ("at", "until") if name in line}
        for line in lines
        if line["at"] >= began - earlier_s
    ]
    return [line | {"at": max(0.0, line["at"])} for line in moved]
