"""What a document is to those who look at the list of them."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, TypeAlias

from chains.ingest import SUPPORTED

FILE_BYTES = 20 * 1024 * 1024
NAME_CHARS = 255

Status: TypeAlias = Literal["queued", "indexing", "indexed", "failed"]

_UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")  # line turners too


@dataclass(frozen=True, slots=True)
class Document:
    """`progress` goes from 0 to 1; `error` says for a person why a failed one could not be read."""

    id: str
    title: str
    filename: str
    media_type: str
    bytes: int
    created_at: datetime
    status: Status = "queued"
    progress: float = 0.0
    passages: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in; its name is text to be shown and never a path."""

    filename: str
    media_type: str
    bytes: int
    file: BinaryIO


def queued(upload: Upload, document_id: str, created_at: datetime) -> Document:
    return Document(
        id=document_id,
        title=title_of(upload.filename),
        filename=upload.filename,
        media_type=upload.media_type,
        bytes=upload.bytes,
        created_at=created_at,
    )


@dataclass(frozen=True, slots=True)
class Pending:
    """An upload that is not (or not yet) in the corpus. `gone`: deleted, and still to be taken away."""

    document: Document
    user_id: str
    gone: bool = False

    @property
    def waiting(self) -> bool:
        """Whether the worker has something to do for it."""
        return self.gone or self.document.status == "queued"


def shown_name(raw: str) -> str:
    """A file's name without its folders and without characters that cannot be shown."""
    name = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", re.split(r"[/\\]", raw)[-1]).strip()
    return name[-NAME_CHARS:] or "document"


def title_of(filename: str) -> str:
    return PurePosixPath(filename).stem or filename


def media_type_of(filename: str, declared: str) -> str | None:
    """The media type by the name's ending, else the declared one; None if it cannot be read here.

    The ending comes first, since browsers declare Markdown in a dozen ways.
    """
    by_name = SUPPORTED.get(PurePosixPath(filename.lower()).suffix)
    kind = declared.partition(";")[0].strip().lower()
    return by_name or (kind if kind in SUPPORTED.values() else None)
