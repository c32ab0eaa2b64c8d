"""What was measured, for a terminal."""

from collections.abc import Mapping

from loadtests.bench.figures import short
from loadtests.bench.peers import PEERS
from loadtests.bench.results import Results, Row
from loadtests.bench.targets import TARGETS, judged

COLUMNS = {
    "CPU s/100k": ("burst", "cpu_s_per_100k"),
    "tokens/s": ("burst", "tokens_per_s"),
    "clients": ("most", "clients"),
    "late p50": ("paced", "late_p50_ms"),
    "late p99 ms": ("paced", "late_p99_ms"),
    "first p50": ("paced", "first_p50_ms"),
    "first p99 ms": ("paced", "first_p99_ms"),
    "idle kB": ("idle", "kb_each"),
    "start s": ("start", "ready_s"),
}
"""Heading: the measure, and which of its figures."""


def told(row: Row) -> str:
    """A line about one measurement."""
    flat = {name: each for name, each in row.figures.items() if isinstance(each, float | int | bool)}
    usage: Mapping[str, float] = row.figures.get("usage", {})
    words = [f"{name} {_said(each)}" for name, each in flat.items()]
    words += [f"others had {usage['foreign']:.0%}"] if usage else []
    cell = f"{row.cell.repetition + 1}. {row.cell.measure:<6} {row.cell.peer:<20}"
    return f"{cell} {row.failed or ', '.join(words)}"


def _said(each: float) -> str:
    return str(each) if isinstance(each, bool) else short(each) if isinstance(each, float) else f"{each:,}"


def table(results: Results) -> str:
    """Medians, a line a peer, then the targets: one page."""
    head = f"{'':<28}" + "".join(f"{name:>13}" for name in COLUMNS)
    lines = [
        head,
        *(_line(results, name) for name in PEERS if any(row.cell.peer == name for row in results.rows)),
    ]
    return "\n".join([*lines, "", *(f"{judged(each, results):<12} {each.words}" for each in TARGETS)])


def _line(results: Results, peer: str) -> str:
    return f"{PEERS[peer].name:<28}" + "".join(f"{cell(results, peer, *of):>13}" for of in COLUMNS.values())


def cell(results: Results, peer: str, measure: str, figure: str) -> str:
    """The median; `≥` in front of what the load, and not the server, has bounded."""
    found = results.figure(peer, measure, figure)
    if found is None:
        return "—"
    return ("≥ " if measure == "most" and results.flagged(peer, measure) else "") + (
        f"{found:,.0f}" if figure == "clients" else short(found)
    )
