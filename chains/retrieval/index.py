"""The document index: documents, their passages, full-text search and vectors in one SQLite file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from chains.retrieval.minilm import load_minilm
from chains.retrieval.records import Document, Passage
from chains.retrieval.store import connected, open_store, reading, writing
from chains.retrieval.vectors import from_bytes, to_bytes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from chains.retrieval.embedder import Embedder
    from chains.retrieval.vectors import Vector

BATCH = 128  # vectors kept at a time, so that an interrupted ingest does not begin again
_COLUMNS = "id, title, filename, media_type, digest, bytes, passages, created_at, path, uri"


class Index:
    """One index file. Every method opens its own connection, so that any thread may call it."""

    def __init__(self, path: Path, embedder: Embedder | None = None) -> None:
        self.path = path
        self._embedder = embedder
        open_store(path)

    @cached_property
    def embedder(self) -> Embedder:
        """The model whose vectors this index compares; the built-in one is loaded when first needed."""
        return self._embedder or load_minilm()

    def documents(self) -> list[Document]:
        """Return all documents, the newest first."""
        with connected(self.path) as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM documents ORDER BY created_at DESC, id")
            return [Document(*row) for row in rows]

    def document(self, document_id: str) -> Document | None:
        with connected(self.path) as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM documents WHERE id = ?", [document_id])
            return next((Document(*each) for each in row), None)

    def holds(self, document_id: str, digest: str) -> bool:
        """Tell whether this very content is in the index, with vectors of the present model."""
        with connected(self.path) as connection:
            row = connection.execute(
                "SELECT 1 FROM documents WHERE (id, digest, model) = (?, ?, ?)",
                [document_id, digest, self.embedder.name],
            )
            return row.fetchone() is not None

    def digests(self) -> dict[str, str]:
        """Return the digests of all documents by id; of those with vectors of another model, an empty one."""
        with connected(self.path) as connection:
            rows = connection.execute("SELECT id, digest, model FROM documents").fetchall()
        return {each: digest if model == self.embedder.name else "" for each, digest, model in rows}

    def take(
        self,
        document: Document,
        passages: Sequence[Passage],
        data: bytes,  # noqa: ARG002 - other shelves keep it
        told: Callable[[float], None],
    ) -> None:
        """Put a document, as `chains.ingest` has it of any shelf."""
        self.put(document, passages, told)

    def put(
        self,
        document: Document,
        passages: Sequence[Passage],
        progress: Callable[[float], None] | None = None,
    ) -> Document:
        """Embed the passages, then put or replace the document in one transaction.

        `progress` is told the share of passages that have a vector, from 0 to 1.
        """
        digests = [_digest(each.embedded_text) for each in passages]
        vectors = self._vectors(dict(zip(digests, passages, strict=True)), progress)
        stored = replace(document, passages=len(passages), created_at=document.created_at or _now())
        with connected(self.path) as connection, writing(connection):
            _delete(connection, document.id)
            self._insert_document(connection, stored)
            connection.executemany(
                "INSERT INTO passages (document_id, ordinal, title, text, page, digest)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (document.id, number, each.title, each.text, each.page, digest)
                    for number, (each, digest) in enumerate(zip(passages, digests, strict=True))
                ),
            )
            self._keep(connection, vectors.items())
            _changed(connection)
        return stored

    def remove(self, document_id: str) -> bool:
        """Remove a document with its passages and vectors; False if it is not there."""
        with connected(self.path) as connection, writing(connection):
            removed = _delete(connection, document_id)
            if removed:
                connection.execute("DELETE FROM vectors WHERE digest NOT IN (SELECT digest FROM passages)")
                _changed(connection)
        return removed

    def _insert_document(self, connection: sqlite3.Connection, document: Document) -> None:
        values = (
            document.id,
            document.title,
            document.filename,
            document.media_type,
            document.digest,
            document.bytes,
            document.passages,
            document.created_at,
            document.path,
            document.uri,
            self.embedder.name,
        )
        connection.execute(
            f"INSERT INTO documents ({_COLUMNS}, model) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
        )

    def _vectors(
        self, passages: dict[bytes, Passage], progress: Callable[[float], None] | None
    ) -> dict[bytes, Vector]:
        found = self._known(passages)
        missing = [digest for digest in passages if digest not in found]
        new = self.embedder.embed_passages([passages[each].embedded_text for each in missing])
        batch: dict[bytes, Vector] = {}
        for digest, vector in zip(missing, new, strict=True):
            found[digest] = batch[digest] = vector
            if len(batch) == BATCH:
                self._save(batch)
                batch = {}
            if progress:
                progress(len(found) / len(passages))
        return found

    def _known(self, digests: Iterable[bytes]) -> dict[bytes, Vector]:
        query = "SELECT vector FROM vectors WHERE (model, digest) = (?, ?)"
        with connected(self.path) as connection, reading(connection):
            rows = (
                (each, connection.execute(query, [self.embedder.name, each]).fetchone()) for each in digests
            )
            return {digest: from_bytes(row[0]) for digest, row in rows if row}

    def _save(self, vectors: dict[bytes, Vector]) -> None:
        with connected(self.path) as connection, writing(connection):
            self._keep(connection, vectors.items())

    def _keep(self, connection: sqlite3.Connection, vectors: Iterable[tuple[bytes, Vector]]) -> None:
        connection.executemany(
            "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
            ((self.embedder.name, digest, to_bytes(vector)) for digest, vector in vectors),
        )


def _delete(connection: sqlite3.Connection, document_id: str) -> bool:
    return connection.execute("DELETE FROM documents WHERE id = ?", [document_id]).rowcount > 0


def _changed(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'version'")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
