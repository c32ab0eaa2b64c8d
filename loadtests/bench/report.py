"""Writes `docs/performance.md` and its pictures from what was measured: `python -m loadtests.bench.report`.

All below the line `KEPT_BELOW` is written by hand and stays as it is.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from loadtests.bench.chart import LOOKS, chart
from loadtests.bench.figures import short
from loadtests.bench.peers import GC, PEERS, ROOT
from loadtests.bench.results import Results, load, newest
from loadtests.bench.table import cell
from loadtests.bench.targets import TARGETS, bound_words, found, judged

PAGE = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "pictures"
KEPT_BELOW = "<!-- What follows is written by hand; `make bench` leaves it as it is. -->"
BY_HAND = "## What paid, and what did not\n\nNothing is written here yet.\n"
SAME = ("steadychat", "langserve", "langserve-tuned", "naive", "chainlit")
FREE = ("steadychat-scripted", "naive-free")
COLUMNS = (
    ("CPU s for 100,000 tokens", "burst", "cpu_s_per_100k"),
    ("tokens/s", "burst", "tokens_per_s"),
    ("clients at 50 tokens/s", "most", "clients"),
    ("late p50, ms", "paced", "late_p50_ms"),
    ("late p99, ms", "paced", "late_p99_ms"),
    ("first p50, ms", "paced", "first_p50_ms"),
    ("first p99, ms", "paced", "first_p99_ms"),
    ("idle, kB", "idle", "kb_each"),
    ("start, s", "start", "ready_s"),
)
METHOD = Path(__file__).with_name("method.md")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench.report", description=__doc__)
    parser.add_argument("--of", type=Path, help="a file of var/bench; the newest if it is not given")
    chosen = parser.parse_args(arguments)
    results = load(chosen.of) if chosen.of else newest()
    if results is None:
        print("Nothing is measured yet: `make bench`.")
        return 1
    PAGE.write_text(page(results, by_hand(PAGE)))
    for look in LOOKS:
        (PICTURES / f"performance-{look}.svg").write_text(chart(results, look))
    print(f"Written: {PAGE.relative_to(ROOT)}, of {results.origin.commit}")
    return 0


def by_hand(file: Path) -> str:
    """What of the page is not ours."""
    return file.read_text().partition(KEPT_BELOW)[2].lstrip() if file.exists() else BY_HAND


def page(results: Results, kept: str) -> str:
    """The whole document. What was not measured is a dash, and never a number."""
    repetitions = 1 + max((row.cell.repetition for row in results.rows), default=0)
    parts = [*_head(results), *_targets(results), *_peers(results), *_others(results)]
    method = METHOD.read_text().format(repetitions=repetitions, gc=GC.replace(",", ", "))
    return "\n".join([*parts, method, *_origin(results), "", KEPT_BELOW, "", kept or BY_HAND])


def _head(results: Results) -> Iterator[str]:
    yield "# How fast it is\n"
    yield "Written by `make bench`, which measures Steadychat and others side by side on one machine. Figures"
    yield f"are of {results.origin.date}, commit `{results.origin.commit}`; other machines have others.\n"
    yield "<picture>"
    yield '  <source media="(prefers-color-scheme: dark)" srcset="pictures/performance-dark.svg">'
    alt = "Clients that each server keeps up with, and what its tokens cost"
    yield f'  <img alt="{alt}" src="pictures/performance-light.svg">'
    yield "</picture>\n"


def _targets(results: Results) -> Iterator[str]:
    yield "## What was to be reached\n"
    yield "| | to reach | measured | |"
    yield "|---|---|---|---|"
    for target in TARGETS:
        figure = found(target, results)
        measured = "—" if figure is None else f"{short(figure)} {target.unit}".rstrip()
        yield f"| {target.words} | {bound_words(target, results)} | {measured} | {judged(target, results)} |"
    yield ""


def _peers(results: Results) -> Iterator[str]:
    yield "## Side by side\n"
    yield from _table(results, SAME, "`prompt \\| model \\| StrOutputParser()`")
    yield "With a chain that costs next to nothing, what is left is the server itself:\n"
    yield from _table(results, FREE, "a free chain")


def _table(results: Results, peers: Sequence[str], chain: str) -> Iterator[str]:
    yield f"| {chain} | " + " | ".join(name for name, _, _ in COLUMNS) + " |"
    yield "|---" + "|---:" * len(COLUMNS) + "|"
    for peer in peers:
        figures = " | ".join(cell(results, peer, measure, figure) for _, measure, figure in COLUMNS)
        measured = any(row.figures for row in results.rows if row.cell.peer == peer)
        yield f"| {PEERS[peer].name}{'' if measured else ' (not measured)'} | {figures} |"
    yield ""


def _others(results: Results) -> Iterator[str]:
    yield "Ours alone:\n"
    yield "| sends accepted durably in a second | server CPU for each | ack p50 | ack p99 |"
    yield "|---:|---:|---:|---:|"
    sends = ("per_s", ""), ("cpu_ms_each", " ms"), ("ack_p50_ms", " ms"), ("ack_p99_ms", " ms")
    yield _line(results, FREE[0], "sends", *sends)
    yield "\n| a page of 50 of 1,000,000, p50: newest | middle | oldest | slowest p99 |"
    yield "|---:|---:|---:|---:|"
    names = ("newest_p50_ms", "middle_p50_ms", "oldest_p50_ms", "worst_p99_ms")
    yield _line(results, SAME[0], "pages", *((name, " ms") for name in names))
    yield ""


def _line(results: Results, peer: str, measure: str, *figures: tuple[str, str]) -> str:
    cells = ((cell(results, peer, measure, name), unit) for name, unit in figures)
    return "| " + " | ".join(f"{said}{unit if said != '—' else ''}" for said, unit in cells) + " |"


def _origin(results: Results) -> Iterator[str]:
    foreign = results.foreign
    yield f"Machine: {results.origin.machine}.\n"
    versions = ", ".join(f"{name} {version}" for name, version in results.origin.versions.items())
    yield f"Versions: {versions}.\n"
    if foreign:
        middle, most = statistics.median(foreign), max(foreign)
        yield f"Other programs had {middle:.0%} of the two cores (the median), {most:.0%} at most.\n"
    for command in dict.fromkeys(results.commands):
        yield f"Measured by `{command}`.\n"
    for row in results.rows:
        if row.failed:
            yield f"Failed: {row.cell.measure} of {PEERS[row.cell.peer].name}: {row.failed.splitlines()[0]}\n"


if __name__ == "__main__":
    sys.exit(main())
