"""Files that the command has read, handed over to the servers of a PostgreSQL database."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import TypeVar, TypeVarTuple

from sqlalchemy import Connection, Engine

from api.documents import shared_rows as rows
from api.documents.model import Document
from api.documents.shared_rows import New
from chains.retrieval.records import Document as Indexed
from chains.retrieval.records import Passage

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Handing:
    """Implements `chains.ingest.Shelf`. Nothing is embedded here: each server does it for its own index.

    Raises SQLAlchemy's errors.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._clock = clock
        self._digests = self._do(rows.digests)

    def holds(self, document_id: str, digest: str) -> bool:
        return self._digests.get(document_id) == digest

    def document(self, document_id: str) -> Indexed | None:
        found = self._do(rows.document, document_id)
        return None if found is None else _indexed(found)

    def documents(self) -> Sequence[Indexed]:
        """Those that came from files."""
        return [_indexed(found, path) for found, path in self._do(rows.paths)]

    def take(
        self,
        document: Indexed,
        passages: Sequence[Passage],  # noqa: ARG002 - as others have it
        data: bytes,
        told: Callable[[float], None],
    ) -> None:
        made = Document(
            id=document.id,
            title=document.title,
            filename=document.filename,
            media_type=document.media_type,
            bytes=len(data),
            created_at=self._clock(),
        )
        self._do(rows.put, [New(made, document.digest, BytesIO(data), path=document.path)])
        told(1.0)

    def remove(self, document_id: str) -> bool:
        return self._do(rows.delete, document_id, self._clock())

    def _do(self, unit: Callable[[Connection, *Ts], T], *what: *Ts) -> T:
        with self._engine.begin() as connection:
            return unit(connection, *what)


def _indexed(document: Document, path: str | None = None) -> Indexed:
    return Indexed(
        id=document.id,
        title=document.title,
        filename=document.filename,
        media_type=document.media_type,
        digest="",
        bytes=document.bytes,
        passages=document.passages,
        path=path,
    )
