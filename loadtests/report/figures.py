"""The figures of a load, and whether it was a good one."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loadtests.histogram import Histogram
from loadtests.people.wrongs import Wrong
from loadtests.protocol.verify.violations import Kind
from loadtests.report.story import Story

KINDS: tuple[str, ...] = (*Kind, *Wrong)
WAITS = (
    "first token",
    "whole answer",
    "resume from the cut",
    "resume from the connect",
    "open",
    "page of history",
    "stop",
    "retry",
)
GROWS = {"memory_bytes": "memory", "descriptors": "descriptors", "tasks": "tasks"}
WARM_UP = 0.2  # of the time: caches fill, and everybody comes
LONG_S = 600
HOUR_S = 3600


@dataclass(frozen=True)
class Times:
    """In seconds; None where nothing was measured."""

    n: int
    p50: float | None
    p95: float | None
    p99: float | None
    most: float | None

    @classmethod
    def of(cls, times_s: Iterable[float]) -> "Times":
        found = sorted(times_s)
        if not found:
            return cls(0, None, None, None, None)
        return cls(len(found), _rank(found, 50), _rank(found, 95), _rank(found, 99), found[-1])


def _rank(ordered: Sequence[float], percent: int) -> float:
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclass(frozen=True)
class Figures:
    """`reasons` says why a load was not good, and is empty if it was; `growth` is percent in an hour.

    `runs` None: the chain's record was not to be had.
    """

    reasons: list[str]
    confirmed: int
    accepted: int
    runs: int | None
    ends: dict[str, int]
    characters: int
    cuts: int
    restarts: int
    connections: int
    waits: dict[str, Times]
    lateness: Times
    recovered_pieces: int
    recovered_characters: int
    recovered_in_place: float | None
    violations: dict[str, int]
    words: list[str]
    growth: dict[str, float]

    def json(self) -> dict[str, Any]:  # Any: JSON
        return {"passed": not self.reasons, **asdict(self)}


def figures(story: Story) -> Figures:
    recoveries, counts = list(story.recoveries()), story.total("counts")
    found = dict.fromkeys(KINDS, 0) | dict(story.violations)
    return Figures(
        reasons=_reasons(story),
        confirmed=story.reckoning["confirmed"],
        accepted=story.reckoning["accepted"],
        runs=story.reckoning["runs"] if story.load["record"] else None,
        ends=dict(story.total("ends")),
        characters=counts["characters"],
        cuts=int(max((value for _, value in story.sampled("cuts")), default=0)),
        restarts=sum(deed["kind"] == "Restart" for deed in story.weather),
        connections=counts["connections"],
        waits={name: Times.of(took for _, took in story.times(name)) for name in WAITS},
        lateness=_lateness(story),
        recovered_pieces=sum(each["events"] for each in recoveries),
        recovered_characters=sum(each["characters"] for each in recoveries),
        recovered_in_place=_share(each["recovered"] for each in recoveries),
        violations=found,
        words=story.words,
        growth={name: grown for name in GROWS if (grown := _growth(story, name)) is not None},
    )


def _reasons(story: Story) -> list[str]:
    found = []
    if story.violations:
        number = story.violations.total()
        found.append(f"{number} violation{'s' if number > 1 else ''}")
    if not story.reckoning["confirmed"]:
        found.append("no answer was verified")
    if not found and story.reckoning["locust"]:
        found.append(f"Locust ended with status {story.reckoning['locust']}; see locust.log")
    return found


def _lateness(story: Story) -> Times:
    whole = Histogram()
    for _, each in story.lateness():
        whole.merge(each)
    p50, p95, p99, most = (whole.percentile(percent) for percent in (50, 95, 99, 100))
    return Times(len(whole), p50, p95, p99, most)


def _share(flags: Iterable[bool]) -> float | None:
    found = list(flags)
    return sum(found) / len(found) if found else None


def _growth(story: Story, name: str) -> float | None:
    """Percent in an hour, by a straight line through all after the warm-up; None if it was short."""
    points = [(at, value) for at, value in story.sampled(name) if at >= story.lasted_s * WARM_UP]
    if story.lasted_s < LONG_S or len(points) < 2:  # noqa: PLR2004 - a line
        return None
    middle_at = sum(at for at, _ in points) / len(points)
    middle = sum(value for _, value in points) / len(points)
    spread = sum((at - middle_at) ** 2 for at, _ in points)
    slope = sum((at - middle_at) * (value - middle) for at, value in points) / spread
    return 100 * slope * HOUR_S / middle
