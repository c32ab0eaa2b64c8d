"""The documents of all servers in PostgreSQL: plain functions of a connection, as units of work use them.

A revision is given out under a lock that holds until the commit, so whoever has read up to one has missed
nothing before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from sqlalchemy import Connection

from api.database.locks import hold_documents
from api.database.times import from_micros, to_micros
from api.documents import shared_sql as sql
from api.documents.model import Document

PIECE = 256 * 1024
"""Bytes of a file that go there or back at once: whoever else wants to run waits for no more than that."""


@dataclass(frozen=True, slots=True)
class New:
    """A file that is to be a document, and by what those who read it know its content."""

    document: Document
    digest: str
    file: BinaryIO
    user_id: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What an index has to follow."""

    id: str
    digest: str
    status: str
    gone: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed up to a revision. `whole`: all documents that there are, whatever was known before."""

    revision: int
    whole: bool
    found: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Original:
    document: Document
    digest: str
    path: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """What has become of a document, and who wants to be told."""

    document: Document
    user_id: str | None


def nothing(_: Connection) -> None:
    """Nobody has to know that it goes on."""


def documents(connection: Connection) -> list[Document]:
    """All of them, the newest first."""
    return [_document(row) for row in sql.ALL.all(connection)]


def document(connection: Connection, document_id: str) -> Document | None:
    row = sql.ONE.first(connection, id=document_id)
    return None if row is None else _document(row)


def put(connection: Connection, new: Sequence[New], went_on: Callable[[Connection], None] = nothing) -> None:
    """Keeps them, each in place of what was under its id. Raises OSError if a file cannot be read."""
    for each in new:
        _keep_original(connection, each, went_on)
    hold_documents(connection)
    for each in new:
        sql.PUT.do(connection, **_values(each))


def delete(connection: Connection, document_id: str, now: datetime) -> bool:
    """False if it is not there. What stays tells the indexes that it has gone, and nothing more."""
    hold_documents(connection)
    if not sql.DELETE.do(connection, id=document_id, now=to_micros(now)):
        return False
    sql.DROP.do(connection, id=document_id)
    return True


def forget(connection: Connection, before: datetime) -> int:
    """No longer tells of what was deleted before."""
    return sql.FORGET.do(connection, before=to_micros(before))


def changes(connection: Connection, after: int | None) -> Changes:
    """What came after a revision; everything, if that is None or lies in a future that was undone."""
    newest = int(sql.NEWEST.all(connection)[0].newest)
    whole = after is None or after > newest
    rows = sql.WHOLE.all(connection) if whole else sql.AFTER.all(connection, after=after)
    return Changes(newest, whole, [Change(*row) for row in rows])


def original(
    connection: Connection, document_id: str, digest: str, went_on: Callable[[Connection], None] = nothing
) -> Original | None:
    """None if it has gone, is another one by now, or cannot be read by anybody."""
    row = sql.THIS.first(connection, id=document_id, digest=digest)
    if row is None:
        return None
    content = bytearray()
    while len(content) < row.bytes:
        number = len(content) // PIECE
        piece = sql.PIECE.first(connection, id=document_id, digest=digest, number=number)
        if piece is None:
            return None
        content += piece.content
        went_on(connection)
    return Original(_document(row), digest, row.path, bytes(content))


def progressed(connection: Connection, document_id: str, digest: str, share: float) -> Step | None:
    """None if that is nothing new: others may be further with it."""
    return _step(sql.PROGRESSED.first(connection, id=document_id, digest=digest, share=share))


def indexed(connection: Connection, read: Document, digest: str) -> Step | None:
    """None if others were faster, or it has gone."""
    return _step(
        sql.INDEXED.first(connection, id=read.id, digest=digest, title=read.title, passages=read.passages)
    )


def failed(connection: Connection, document_id: str, digest: str, reason: str) -> Step | None:
    """None if others could read it, or have said so before."""
    return _step(sql.FAILED.first(connection, id=document_id, digest=digest, reason=reason))


def digests(connection: Connection) -> dict[str, str]:
    """What is there by id, except for what could not be read."""
    return {row.id: row.digest for row in sql.WHOLE.all(connection) if row.status != "failed"}


def paths(connection: Connection) -> list[tuple[Document, str]]:
    """What the command has read, and from where."""
    return [(_document(row), row.path) for row in sql.ALL.all(connection) if row.path is not None]


def _keep_original(connection: Connection, new: New, went_on: Callable[[Connection], None]) -> None:
    sql.DROP.do(connection, id=new.document.id)
    new.file.seek(0)
    for number, content in enumerate(iter(partial(new.file.read, PIECE), b"")):
        sql.KEEP.do(connection, id=new.document.id, number=number, content=content)
        went_on(connection)


def _values(new: New) -> dict[str, Any]:  # Any: each column has its type
    made = new.document
    return {
        "id": made.id,
        "user_id": new.user_id,
        "title": made.title,
        "filename": made.filename,
        "media_type": made.media_type,
        "digest": new.digest,
        "bytes": made.bytes,
        "path": new.path,
        "created_at": to_micros(made.created_at),
    }


def _step(row: Any) -> Step | None:  # Any: a row has a type of its own for each statement
    return None if row is None else Step(_document(row), row.user_id)


def _document(row: Any) -> Document:  # Any: as above
    return Document(
        id=row.id,
        title=row.title,
        filename=row.filename,
        media_type=row.media_type,
        bytes=row.bytes,
        created_at=from_micros(row.created_at),
        status=row.status,
        progress=row.progress,
        passages=row.passages,
        error=row.error,
    )
