"""What uploads need from the corpus."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from api.documents.model import Document

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
