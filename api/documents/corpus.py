"""The index of the built-in chain, as the corpus of the uploads."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.documents.model import Document
from api.documents.ports import CorpusAwayError, Progress, UnreadableError
from chains.ingest import Source, UnreadableDocument, add_document, remove_document

if TYPE_CHECKING:
    from chains.retrieval.index import Index
    from chains.retrieval.records import Document as Indexed


@contextmanager
def _may_be_away() -> Iterator[None]:
    """A full disk, or somebody who holds the file for too long."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise CorpusAwayError from error


class IndexCorpus:
    """Corpus over an `Index`; what the command line ingests is in it too."""

    def __init__(self, index: "Index") -> None:
        self._index = index

    @_may_be_away()
    def documents(self) -> Sequence[Document]:
        return [_shown(each) for each in self._index.documents()]

    @_may_be_away()
    def document(self, document_id: str) -> Document | None:
        found = self._index.document(document_id)
        return None if found is None else _shown(found)

    @_may_be_away()
    def digests(self) -> Mapping[str, str]:
        return self._index.digests()

    @_may_be_away()
    def holds(self, document_id: str, digest: str) -> bool:
        return self._index.holds(document_id, digest)

    @_may_be_away()
    def add(
        self,
        document: Document,
        data: bytes,
        progress: Progress,
        *,
        digest: str | None = None,
        path: str | None = None,
    ) -> Document:
        source = Source(
            document.id,
            document.filename,
            document.media_type,
            data,
            path=path,
            created_at=_written(document.created_at),
            digest=digest,
        )
        try:
            add_document(self._index, source, progress)
        except UnreadableDocument as error:
            raise UnreadableError(f"It was not read: {error.reason}.") from error
        found = self.document(document.id)
        if found is None:
            raise LookupError(document.id)  # somebody else took it out at this very moment
        return found

    @_may_be_away()
    def remove(self, document_id: str) -> bool:
        return remove_document(self._index, document_id)


def _written(moment: datetime) -> str:
    """As the index writes times, so that they stay in order there."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(indexed: "Indexed") -> Document:
    return Document(
        id=indexed.id,
        title=indexed.title,
        filename=indexed.filename,
        media_type=indexed.media_type,
        bytes=indexed.bytes,
        created_at=datetime.fromisoformat(indexed.created_at),
        status="indexed",
        progress=1.0,
        passages=indexed.passages,
    )
