"""What was measured, kept as one file of JSON for each commit."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loadtests.bench.origin import CHANGED, Origin
from loadtests.bench.peers import ROOT
from loadtests.bench.plan import Cell

KEPT = ROOT / "var" / "bench"


@dataclass(frozen=True)
class Row:
    """A cell's figures, or why there are none."""

    cell: Cell
    figures: Mapping[str, Any]  # Any: numbers, and what they were found by
    failed: str | None = None


@dataclass
class Results:
    """Rows of one origin, and the commands that made them."""

    origin: Origin
    rows: list[Row] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def has(self, cell: Cell) -> bool:
        return any(row.cell == cell and row.failed is None for row in self.rows)

    def add(self, row: Row) -> None:
        self.rows = [each for each in self.rows if each.cell != row.cell] + [row]

    def of(self, peer: str, measure: str) -> list[Row]:
        return [row for row in self.rows if (row.cell.peer, row.cell.measure) == (peer, measure)]

    def figure(self, peer: str, measure: str, name: str) -> float | None:
        """The median over the repetitions, None if it was not measured."""
        found = [float(row.figures[name]) for row in self.of(peer, measure) if name in row.figures]
        return statistics.median(found) if found else None

    def range(self, peer: str, measure: str, name: str) -> Sequence[float]:
        return sorted(float(row.figures[name]) for row in self.of(peer, measure) if name in row.figures)

    def flagged(self, peer: str, measure: str) -> bool:
        """Whether the load may have been what held the server up, in most repetitions."""
        flags = [bool(row.figures.get("client_bound")) for row in self.of(peer, measure) if row.figures]
        return 2 * sum(flags) > len(flags)

    @property
    def foreign(self) -> Sequence[float]:
        """Shares of the two cores that other programs had, one for each measurement that tells it."""
        return [row.figures["usage"]["foreign"] for row in self.rows if "usage" in row.figures]

    def save(self, folder: Path = KEPT) -> Path:
        """A file is there whole or not at all, also if the machine dies meanwhile."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.origin.commit}.json"
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=1))
        fresh.replace(file)
        return file


def load(file: Path) -> Results:
    """Raises KeyError, TypeError or ValueError for what `save` has not written."""
    kept = json.loads(file.read_text())
    rows = [Row(Cell(**row["cell"]), row["figures"], row["failed"]) for row in kept["rows"]]
    return Results(Origin(**kept["origin"]), rows, kept["commands"])


def begun(origin: Origin, folder: Path = KEPT) -> Results:
    """What there is of this commit and machine; anew for code that is still being changed."""
    file = folder / f"{origin.commit}.json"
    if file.exists() and not origin.commit.endswith(CHANGED):
        found = load(file)
        if (found.origin.machine, found.origin.versions) == (origin.machine, origin.versions):
            return found
    return Results(origin)


def newest(folder: Path = KEPT) -> Results | None:
    """The last that was measured, of code as a commit has it if there is any such."""
    files = sorted(folder.glob("*.json"), key=lambda file: (CHANGED not in file.name, file.stat().st_mtime))
    return load(files[-1]) if files else None
