"""Full-text search in the index, and how rare words are in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chains.retrieval.fusion import DEPTH
from chains.retrieval.stems import content_words

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

MAX_TERMS = 64
TITLE_WEIGHT, TEXT_WEIGHT = 2.0, 1.0


def match_expression(question: str) -> str:
    """Return an FTS5 query for any of the question's words; quoted, so that no operator gets through."""
    return " OR ".join(f'"{word}"' for word in content_words(question)[:MAX_TERMS])


def lexical_best(connection: sqlite3.Connection, question: str) -> dict[int, float]:
    """Return the numbers and scores (higher is better) of the passages with the question's words."""
    expression = match_expression(question)
    if not expression:
        return {}
    rows = connection.execute(
        f"SELECT rowid, -bm25(words, {TITLE_WEIGHT}, {TEXT_WEIGHT}) AS score FROM words"
        " WHERE words MATCH ? ORDER BY score DESC LIMIT ?",
        [expression, DEPTH],
    )
    return dict(rows.fetchall())


def rarity(connection: sqlite3.Connection, stems: Iterable[str], indexed: int) -> dict[str, float]:
    """Return the weight of each stem by the number of passages that have it (as in BM25, never negative)."""
    return {stem: _weight(_frequency(connection, stem), indexed) for stem in stems}


def _frequency(connection: sqlite3.Connection, stem: str) -> int:
    row = connection.execute("SELECT doc FROM vocabulary WHERE term = ?", [stem]).fetchone()
    return row[0] if row else 0


def _weight(frequency: int, indexed: int) -> float:
    return math.log(1 + (max(indexed - frequency, 0) + 0.5) / (frequency + 0.5))
