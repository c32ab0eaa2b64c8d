"""One document into the index, and out of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from chains.ingest.cut import passages
from chains.ingest.formats import media_type_of, read
from chains.retrieval.records import Document
from chains.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from chains.retrieval.index import Index
    from chains.retrieval.records import Passage

CUT = b"steadychat-1:"  # change it when documents are read or cut otherwise: then all are ingested again
LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Source:
    """A file, as it comes in.

    `created_at` is a moment in ISO 8601, to the millisecond and with Z; empty is when it is put somewhere.
    `digest` is what its keeper knows the content by; without one it is `content_digest`.
    """

    document_id: str
    filename: str
    media_type: str | None
    data: bytes = field(repr=False)
    title: str | None = None
    path: str | None = None
    created_at: str = ""
    digest: str | None = None


def read_document(source: Source) -> tuple[Document, list[Passage]]:
    """Return what an index takes of it. Raises `UnreadableDocument`."""
    known = media_type_of(source.filename, source.media_type)
    parsed = read(source.data, known)
    name = printable(source.filename)
    heading = printable(source.title or parsed.title or PurePath(name).stem)
    document = Document(
        id=source.document_id,
        title=heading,
        filename=name,
        media_type=known,
        digest=source.digest or content_digest(source.data),
        bytes=len(source.data),
        created_at=source.created_at,
        path=source.path,
        uri=parsed.uri,
    )
    return document, passages(parsed, heading)


def add_document(index: Index, source: Source, progress: Callable[[float], None] | None = None) -> int:
    """Put a document into the index, or in place of the one with its id; return its passages.

    `progress` is told the share that is embedded, 0 to 1. Raises `UnreadableDocument`; then nothing has
    changed.
    """
    return index.put(*read_document(source), progress).passages


def remove_document(index: Index, document_id: str) -> bool:
    """Remove a document from the index; False if it is not there."""
    return index.remove(document_id)


def content_digest(data: bytes) -> str:
    return hashlib.sha256(CUT + data).hexdigest()


def printable(name: str) -> str:
    """Return a name that no terminal, page or database can choke on."""
    shown = "".join(each if each.isprintable() else "\ufffd" for each in clean(name))
    return shown.strip()[:LONGEST_NAME] or "untitled"
