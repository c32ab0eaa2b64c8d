"""Measures servers side by side in one run: `make bench`, `python -m loadtests.bench`.

Each server has one core and the load the other, a fresh server for each measure. What is measured is kept for
each commit and not measured again, so that a run that was cut goes on where it was. Every figure is of this
machine. Exit status 1: a server failed at what was measured.
"""

import argparse
import resource
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict

import psutil
import uvloop

from loadtests.bench.origin import origin
from loadtests.bench.peers import PEERS, ROOT
from loadtests.bench.plan import MEASURES, Cell, cells
from loadtests.bench.results import Row, begun
from loadtests.bench.server import LOAD_CORE, NotStarted, pin, serving
from loadtests.bench.table import table, told
from loadtests.bench.wires.wire import WireBroken

NO_CHAINLIT = "Chainlit is not measured: it needs .venv-chainlit, which `make bench` makes."


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parse(arguments)
    wanted = cells(chosen.measure, _there(chosen.peers), chosen.repeat)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    pin(LOAD_CORE)
    results = begun(origin())
    results.commands.append(shlex.join(["python", "-m", "loadtests.bench", *(arguments or sys.argv[1:])]))
    for cell in wanted:
        if chosen.again or not results.has(cell):
            results.add(measured(cell))
            print(told(results.rows[-1]), flush=True)
            results.save()
    print(f"\n{table(results)}\n\nKept in {results.save().relative_to(ROOT)}")
    return 1 if any(row.failed for row in results.rows) else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench", description=__doc__)
    parser.add_argument("--measure", type=_names, default=list(MEASURES), help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--peers", type=_names, default=list(PEERS), help=f"of {', '.join(PEERS)}")
    parser.add_argument("--repeat", type=int, default=3, help="how often each; figures are medians")
    parser.add_argument("--again", action="store_true", help="also what was measured at this commit")
    chosen = parser.parse_args(arguments)
    unknown = {*chosen.measure} - {*MEASURES} | {*chosen.peers} - {*PEERS}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return chosen


def _names(words: str) -> list[str]:
    return words.split(",")


def _there(peers: Sequence[str]) -> list[str]:
    """Those whose interpreter exists."""
    if any(not PEERS[name].python.exists() for name in peers):
        print(NO_CHAINLIT, flush=True)
    return [name for name in peers if PEERS[name].python.exists()]


def measured(cell: Cell) -> Row:
    """A fresh server for each measure, so that none pays for what another has left."""
    try:
        with serving(PEERS[cell.peer]) as server:
            return Row(cell, asdict(uvloop.run(MEASURES[cell.measure].of(server))))
    except (NotStarted, WireBroken, TimeoutError, OSError, psutil.NoSuchProcess) as error:
        return Row(cell, {}, f"{type(error).__name__}: {error}"[:500])


if __name__ == "__main__":
    sys.exit(main())
