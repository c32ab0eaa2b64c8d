"""What was to be reached, and whether it was."""

from dataclasses import dataclass
from typing import Literal

from loadtests.bench.figures import short
from loadtests.bench.results import Results

Verdict = Literal["reached", "missed", "not measured"]


@dataclass(frozen=True)
class Target:
    """A figure of a peer, and the most (or least) that it may be.

    With `share_of` the bound is that part of the same figure of another peer, measured in the same run.
    """

    words: str
    peer: str
    measure: str
    figure: str
    bound: float
    kind: Literal["at most", "at least"] = "at most"
    unit: str = ""
    share_of: str | None = None


SECOND = "steadychat-scripted"
TARGETS = (
    Target(
        "server CPU for 100,000 tokens, 50 clients: at most a third of LangServe's",
        *("steadychat", "burst", "cpu_s_per_100k", 1 / 3),
        unit="s",
        share_of="langserve",
    ),
    Target(
        "clients at 50 tokens/s with p99 lateness under 50 ms",
        *("steadychat", "most", "clients", 200, "at least"),
    ),
    Target("lateness p99 at 50 such clients", "steadychat", "paced", "late_p99_ms", 20, unit="ms"),
    Target(
        "time to first token over the model's own, p50", "steadychat", "paced", "first_p50_ms", 5, unit="ms"
    ),
    Target(
        "time to first token over the model's own, p99", "steadychat", "paced", "first_p99_ms", 20, unit="ms"
    ),
    Target(
        "server CPU for 100,000 tokens in bursts, a chain that costs nothing",
        *(SECOND, "burst", "cpu_s_per_100k", 1.0),
        unit="s",
    ),
    Target("clients at 50 tokens/s, a chain that costs nothing", SECOND, "most", "clients", 450, "at least"),
    Target("resident memory of an idle connection", "steadychat", "idle", "kb_each", 45, unit="kB"),
    Target(
        "a page of 50 of 1,000,000 messages, p50 at any depth",
        "steadychat",
        "pages",
        "worst_p50_ms",
        3,
        unit="ms",
    ),
    Target("from the command to ready", "steadychat", "start", "ready_s", 3, unit="s"),
    Target("sends accepted durably in a second", SECOND, "sends", "per_s", 500, "at least"),
)


def found(target: Target, results: Results) -> float | None:
    return results.figure(target.peer, target.measure, target.figure)


def bound(target: Target, results: Results) -> float | None:
    """The bound of this run, None if what it is a share of was not measured."""
    if target.share_of is None:
        return target.bound
    other = results.figure(target.share_of, target.measure, target.figure)
    return None if other is None else other * target.bound


def judged(target: Target, results: Results) -> Verdict:
    figure, limit = found(target, results), bound(target, results)
    if figure is None or limit is None:
        return "not measured"
    kept = figure <= limit if target.kind == "at most" else figure >= limit
    return "reached" if kept else "missed"


def bound_words(target: Target, results: Results) -> str:
    limit = bound(target, results)
    return "—" if limit is None else f"{target.kind} {short(limit)} {target.unit}".rstrip()
