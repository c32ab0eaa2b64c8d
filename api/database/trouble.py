"""What keeps the database from being written or read, in words, and for how long it has been so."""

import sqlite3
import time

import structlog
from sqlalchemy import exc

from api.core.errors import ChatError, Code

log = structlog.get_logger()

NOT_THE_DATABASE = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)
"""A mistake of whoever asked it."""

WORDS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "another program has locked the database",
    "SQLITE_READONLY_DBMOVED": "the database file was moved, replaced or deleted",
    "SQLITE_READONLY": "the database file may not be written",
    "SQLITE_CANTOPEN": "the database file cannot be opened",
    "SQLITE_IOERR": "the disk fails or is full",
    "SQLITE_CORRUPT": "the database is damaged",
    "SQLITE_NOTADB": "the database is damaged",
}


def is_trouble(error: BaseException) -> bool:
    """Whether the database is to blame, so that the same may succeed later."""
    if isinstance(error, exc.DBAPIError):
        return not isinstance(error, NOT_THE_DATABASE)
    return isinstance(error, sqlite3.DatabaseError | exc.TimeoutError)


def in_words(error: BaseException) -> str:
    """For people who cannot know the database: no paths, and no contents."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    name = str(getattr(cause, "sqlite_errorname", ""))
    return next((words for start, words in WORDS.items() if name.startswith(start)), "the database is away")


def refusal(cause: BaseException) -> ChatError:
    """What whoever asked is told of it."""
    found = ChatError(Code.STORAGE_UNAVAILABLE, retry_after_ms=1000)
    found.__cause__ = cause
    return found


class Trouble:
    """How the last commit went. It is logged when trouble comes, changes or goes, not each time."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self._since = 0.0

    def came(self, error: BaseException) -> None:
        reason = in_words(error)
        if self.reason is None:
            self._since = time.monotonic()
        if reason != self.reason:
            cause = error.orig if isinstance(error, exc.DBAPIError) else error
            log.error("the database cannot be written", reason=reason, error=str(cause))
        self.reason = reason

    def went(self) -> None:
        if self.reason is not None:
            seconds = round(time.monotonic() - self._since, 1)
            log.warning("the database can be written again", reason=self.reason, after_s=seconds)
        self.reason = None
