"""`docs/guarantees.md`, written from what was measured."""

from collections.abc import Iterator, Mapping, Sequence

from tests.faults.proofs import Measured, Row
from tests.faults.results import Result

HEAD = """\
# What is promised, and what was measured

Written by `make prove`. After every fault: what the client shows == what the database holds == a prefix (the
whole, if it is complete) of what the chain said; the chain ran at most once for each `client_message_id`;
there is exactly one terminal event; and a server that survives has no task, descriptor or thread left behind.
"Every byte" of row 1 is each that is sent, as many of those that come as the shortest such dialog has, and
each from the last token on: where more pieces travel alone there are more, and those are cut at random.

No failure in n trials bounds the rate of failures by 3/n, with 95 % confidence: the column *at most*. A
figure is the largest of all trials, and "of 0.3" after it the most that it may be. A proof that was cut has
its trials written as "80 of 500". `make test` makes each of them at a small size.

`make prove ROW=4 ARGS=--again` makes one row again, with new seeds. The very same trials are made at the
commit of the line by `.venv/bin/python -m tests.faults.prove --row 4 --proof 'its name' --seed 7`.
"""
TAIL = """\
Promised too, and proved elsewhere: that a page notices a dead connection after its machine has slept, within
3 s (`tests/browser/test_liveness.py`), and that a blocked event loop is noticed within a second, with the
name of who blocks it (`tests/faults/test_blocked.py`).
"""


Found = Sequence[tuple[str, Result | None]]


def report(results: Sequence[tuple[Row, Found]], before: str = "") -> str:
    """`before` is the page as it was: what was measured elsewhere, and not here, stays as it says."""
    kept = _sections(before)
    lines = (line for row, found in results for line in _section(row, found, kept))
    return "\n".join([HEAD, *lines, TAIL])


def _sections(page: str) -> Mapping[str, Sequence[str]]:
    """The lines of each section under its heading."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in page.removesuffix(TAIL).rstrip("\n").split("\n"):
        if line.startswith("## "):
            lines = sections[line] = []
        else:
            lines.append(line)
    return sections


def _section(row: Row, found: Found, sections: Mapping[str, Sequence[str]]) -> Iterator[str]:
    heading = f"## {row.number}. {row.promise}"
    kept = sections.get(heading, ())
    yield heading
    if kept and all(result is None for _, result in found):
        yield from kept
        if kept[-1]:
            yield ""
        return
    yield ""
    yield "| proof | trials | failures | at most | what was seen | seed | commit | date |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, result in found:
        before = next((line for line in kept if line.startswith(f"| {name} | ")), None)
        yield before if before and result is None else _line(name, result)
    yield ""
    machines = _machines([each for _, each in found if each is not None])
    yield f"Again: `make prove ROW={row.number} ARGS=--again`. {machines}"
    yield ""
    for _, result in found:
        if result is not None and result.measured.failed:
            yield f"Failures of *{result.name}*, the first of {result.measured.failed:,}:"
            yield ""
            yield from (f"- {failure}" for failure in result.measured.failures)
            yield ""


def _line(name: str, result: Result | None) -> str:
    if result is None or not (result.measured.trials or result.measured.failed):
        return f"| {name} | not run | | | | | | |"
    measured = result.measured
    made = f"{measured.trials:,}" if result.finished else f"{measured.trials:,} of {result.full:,}"
    cells = [
        name,
        made,
        f"{measured.failed:,}",
        _bound(measured),
        ", ".join([*figures(measured), f"{result.seconds / 60:.1f} min"]),
        str(result.seed),
        f"`{result.commit}`",
        result.date,
    ]
    return f"| {' | '.join(cells)} |"


def _bound(measured: Measured) -> str:
    return "" if measured.failed else f"{300 / measured.trials:.2g} %"


def figures(measured: Measured) -> list[str]:
    """All that was counted, and all that was measured, with what it is held to."""
    counts = [f"{number:,} {name}" for name, number in measured.counts.items()]
    return counts + [f"{name} {value:.3g}{_bar(measured, name)}" for name, value in measured.figures.items()]


def _bar(measured: Measured, name: str) -> str:
    return f" of {measured.bars[name]:.3g}" if name in measured.bars else ""


def _machines(results: Sequence[Result]) -> str:
    return "; ".join(dict.fromkeys(result.machine for result in results))
