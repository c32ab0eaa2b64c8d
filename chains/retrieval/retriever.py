"""From a question to the passages that may answer it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from chains.retrieval.dense import EMPTY, current
from chains.retrieval.fusion import fused
from chains.retrieval.lexical import MAX_TERMS, lexical_best, rarity
from chains.retrieval.records import Evidence, Findings, Hit
from chains.retrieval.stems import Stemmer, content_words
from chains.retrieval.store import connect, reading
from chains.text import clean

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from chains.retrieval.index import Index

PASSAGES = 6  # how many of the best an answer is made from
JUDGED = 3  # how many of the first passages are looked at for the question's words


class Retriever:
    """Searches an index that others may be writing to; it sees what is committed, in one snapshot.

    One search runs at a time on the reader's connection; embedding the question is outside that lock.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._stemmer = Stemmer()
        self._lock = threading.Lock()
        self._connection = connect(index.path)
        self._dense = EMPTY

    def search(self, question: str, limit: int = PASSAGES) -> Findings:
        """Return the best passages. Any text is a question; none of it is taken for query syntax."""
        question = clean(question)
        vector = self._index.embedder.embed_query(question)
        with self._lock, reading(self._connection) as connection:
            self._dense = dense = current(connection, self._index.embedder.name, self._dense)
            if not len(dense.numbers):
                return Findings(question, (), Evidence(0.0, 0.0), {}, 0)
            similarities = dense.similarities(vector)
            scores = fused(dense.best(similarities), lexical_best(connection, question))
            best = list(scores)[:limit]
            hits = [_hit(connection, each, scores[each], dense.of(each, similarities)) for each in best]
            weights = rarity(connection, self._stems(question), len(dense.numbers))
        evidence = Evidence(_unit(float(similarities.max())), self._coverage(hits[:JUDGED], weights))
        return Findings(question, tuple(hits), evidence, weights, len(dense.numbers))

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _stems(self, question: str) -> list[str]:
        words = content_words(question)[:MAX_TERMS]
        return list(dict.fromkeys(self._stemmer.stems([" ".join(words)])[0]))

    def _coverage(self, hits: Sequence[Hit], weights: Mapping[str, float]) -> float:
        total = sum(weights.values())
        if not total:
            return 0.0
        found = self._stemmer.stems([f"{each.title} {each.text}" for each in hits])
        return max(sum(weights[stem] for stem in weights.keys() & set(each)) for each in found) / total


def _hit(connection: sqlite3.Connection, number: int, score: float, similarity: float) -> Hit:
    document_id, ordinal, title, text, page, uri = connection.execute(
        "SELECT document_id, ordinal, passages.title, text, page, uri FROM passages"
        " JOIN documents ON documents.id = document_id WHERE number = ?",
        [number],
    ).fetchone()
    return Hit(
        id=f"{document_id}-{ordinal}",
        document_id=document_id,
        ordinal=ordinal,
        title=title,
        text=text,
        page=page,
        uri=uri,
        score=score,
        similarity=_unit(similarity),
    )


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)
