"""The vectors of all passages in memory, as of one version of the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from chains.retrieval.fusion import DEPTH

if TYPE_CHECKING:
    import sqlite3

    from chains.retrieval.vectors import Matrix, Vector

_VERSION = "SELECT value FROM meta WHERE key = 'version'"


@dataclass(frozen=True)
class DenseIndex:
    """One row per passage that has a vector of this model; passage numbers ascend."""

    version: int
    numbers: npt.NDArray[np.int64]
    matrix: Matrix

    def similarities(self, question: Vector) -> npt.NDArray[np.float32]:
        return np.asarray(self.matrix @ question, dtype=np.float32)

    def best(self, similarities: npt.NDArray[np.float32]) -> dict[int, float]:
        """Return the numbers and cosines of the nearest passages."""
        depth = min(DEPTH, len(similarities))
        if depth == 0:
            return {}
        rows = np.argpartition(-similarities, depth - 1)[:depth]
        return {int(self.numbers[row]): float(similarities[row]) for row in rows}

    def of(self, number: int, similarities: npt.NDArray[np.float32]) -> float:
        """Return the cosine of one passage; 0 where it has no vector."""
        row = int(np.searchsorted(self.numbers, number))
        known = row < len(self.numbers) and self.numbers[row] == number
        return float(similarities[row]) if known else 0.0


EMPTY = DenseIndex(-1, np.empty(0, np.int64), np.empty((0, 0), np.float32))


def current(connection: sqlite3.Connection, model: str, held: DenseIndex) -> DenseIndex:
    """Return `held` if it is of the snapshot's version, else the vectors of that snapshot."""
    version: int = connection.execute(_VERSION).fetchone()[0]
    return held if held.version == version else _load(connection, model, version)


def _load(connection: sqlite3.Connection, model: str, version: int) -> DenseIndex:
    rows = connection.execute(
        "SELECT number, vector FROM passages JOIN vectors USING (digest) WHERE model = ? ORDER BY number",
        [model],
    ).fetchall()
    if not rows:
        return DenseIndex(version, EMPTY.numbers, EMPTY.matrix)
    numbers = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    matrix = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), -1)
    return DenseIndex(version, numbers, matrix.astype(np.float32, copy=False))
