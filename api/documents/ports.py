"""What documents need from the corpus, and what doors need from documents."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from api.documents.model import Document, Upload

Tell: TypeAlias = Callable[[str, Document], None]
"""Tells a user's connections that a document changed; a hint, which may be lost."""

Progress: TypeAlias = Callable[[float], None]
"""Is told the share that is done, from 0 to 1. What it raises ends the work, and nothing is kept of it."""


class UnreadableError(Exception):
    """A document cannot be read; `reason` says why, for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CorpusAwayError(Exception):
    """The corpus cannot be read or written just now; the same may succeed later, and nothing was changed."""


class Corpus(Protocol):
    """The indexed documents, one collection for the whole server. Called in threads, by several at once.

    Each may raise CorpusAwayError.
    """

    def documents(self) -> Sequence[Document]:
        """All of them, however they came in; each `indexed`."""

    def document(self, document_id: str) -> Document | None: ...

    def add(self, document: Document, data: bytes, progress: Progress) -> Document:
        """Index `data`, replacing what was there under this id, or raise UnreadableError."""

    def remove(self, document_id: str) -> bool:
        """Take it out; False if it is not there."""


class Mirror(Protocol):
    """The index of one of several servers, which follows the documents of all. Called as `Corpus` is."""

    def digests(self) -> Mapping[str, str]:
        """By what content each document is there, by id; empty if it has to be read again."""

    def holds(self, document_id: str, digest: str) -> bool: ...

    def document(self, document_id: str) -> Document | None: ...

    def add(
        self, document: Document, data: bytes, progress: Progress, *, digest: str | None, path: str | None
    ) -> Document:
        """As `Corpus` does; `digest` is what `digests` tells of it from now on."""

    def remove(self, document_id: str) -> bool: ...


class Collection(Protocol):
    """The documents that answers rest on, as doors ask for them. Each may raise `storage_unavailable`."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def list(self) -> Sequence[Document]:
        """All of them, the newest first."""

    async def get(self, document_id: str) -> Document:
        """Raises `not_found`."""

    async def add(self, user_id: str, uploads: Sequence[Upload]) -> Sequence[Document]:
        """Keep the uploads and queue them for indexing: all, or none."""

    async def delete(self, document_id: str) -> None:
        """Raises `not_found`."""
