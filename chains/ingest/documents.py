"""One document into the index, and out of it."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import TYPE_CHECKING

from chains.ingest.cut import passages
from chains.ingest.formats import media_type_of, read
from chains.retrieval.records import Document
from chains.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from chains.retrieval.index import Index

CUT = b"steadychat-1:"  # change it when documents are read or cut otherwise: then all are ingested again
LONGEST_NAME = 300


def add_document(
    index: Index,
    *,
    document_id: str,
    filename: str,
    media_type: str | None,
    data: bytes,
    title: str | None = None,
    path: str | None = None,
    created_at: str = "",
    progress: Callable[[float], None] | None = None,
) -> int:
    """Put a document into the index, or in place of the one with its id; return its passages.

    `created_at` is a moment in ISO 8601, to the millisecond and with Z; empty is now. `progress` is told the
    share that is embedded, 0 to 1. Raises `UnreadableDocument`; then nothing has changed.
    """
    known = media_type_of(filename, media_type)
    parsed = read(data, known)
    name = printable(filename)
    heading = printable(title or parsed.title or PurePath(name).stem)
    document = Document(
        id=document_id,
        title=heading,
        filename=name,
        media_type=known,
        digest=digest(data),
        bytes=len(data),
        created_at=created_at,
        path=path,
        uri=parsed.uri,
    )
    return index.put(document, passages(parsed, heading), progress).passages


def remove_document(index: Index, document_id: str) -> bool:
    """Remove a document from the index; False if it is not there."""
    return index.remove(document_id)


def digest(data: bytes) -> str:
    return hashlib.sha256(CUT + data).hexdigest()


def printable(name: str) -> str:
    """Return a name that no terminal, page or database can choke on."""
    shown = "".join(each if each.isprintable() else "\ufffd" for each in clean(name))
    return shown.strip()[:LONGEST_NAME] or "untitled"
