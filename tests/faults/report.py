"""`docs/guarantees.md`, written from what was measured."""

from collections.abc import Iterator, Sequence

from tests.faults.proofs import Row
from tests.faults.results import Result

HEAD = """\
# What is promised, and what was measured

Written by `make prove`, which does all of it again; `make prove ROW=4` does one row. In every proof, after
every fault: what the client shows == what the database holds == a prefix (the whole, if it is complete) of
what the chain said; the chain ran at most once for each `client_message_id`; there is exactly one terminal
event; nothing is left behind.

No failure in n trials bounds the rate of failures by 3/n, with 95 % confidence: the column *at most*. A proof
that was cut has its trials written as "80 of 500". `make test` makes each of them at a small size.
"""


def report(results: Sequence[tuple[Row, Sequence[tuple[str, Result | None]]]]) -> str:
    return "\n".join([HEAD, *(line for row, found in results for line in _section(row, found))]) + "\n"


def _section(row: Row, found: Sequence[tuple[str, Result | None]]) -> Iterator[str]:
    yield f"## {row.number}. {row.promise}"
    yield ""
    yield "| proof | trials | failures | at most | what was seen | seed | commit | date |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, result in found:
        yield _line(name, result)
    yield ""
    machines = _machines([each for _, each in found if each is not None])
    yield f"Again: `make prove ROW={row.number}`. {machines}"
    yield ""
    for _, result in found:
        if result is not None and result.measured.failures:
            yield f"Failures of *{result.name}*:"
            yield ""
            yield from (f"- {failure}" for failure in result.measured.failures)
            yield ""


def _line(name: str, result: Result | None) -> str:
    if result is None or not result.measured.trials:
        return f"| {name} | not run | | | | | | |"
    measured = result.measured
    made = f"{measured.trials:,}" if result.finished else f"{measured.trials:,} of {result.full:,}"
    cells = [
        name,
        made,
        str(len(measured.failures)),
        _bound(result),
        _seen(result),
        str(result.seed),
        f"`{result.commit}`",
        result.date,
    ]
    return f"| {' | '.join(cells)} |"


def _bound(result: Result) -> str:
    return "" if result.measured.failures else f"{300 / result.measured.trials:.2g} %"


def _seen(result: Result) -> str:
    counts = [f"{number:,} {name}" for name, number in result.measured.counts.items()]
    figures = [f"{name} {value:.3g}" for name, value in result.measured.figures.items()]
    return ", ".join([*counts, *figures, f"{result.seconds / 60:.1f} min"])


def _machines(results: Sequence[Result]) -> str:
    return "; ".join(dict.fromkeys(result.machine for result in results))
