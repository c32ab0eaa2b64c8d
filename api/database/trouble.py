"""What keeps the database from being written or read, in words, and for how long it has been so."""

import sqlite3
import time

import structlog
from sqlalchemy import exc

from api.core.errors import ChatError, Code
from api.database.conflict import ConflictError
from api.database.postgresql import is_broken, state

log = structlog.get_logger()

NOT_THE_DATABASE = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)
"""A mistake of whoever asked it."""

TOO_LARGE = "54"
"""As PostgreSQL calls what it cannot hold: the same will never succeed."""

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
STATES = {
    "53100": "the disk is full",
    "533": "the database has no connection to spare",
    "57014": "the database takes too long",
    "55P03": "somebody else has locked what is to be written",
    "57P": "the database is being stopped or started",
    "25006": "the database may only be read",
    "28": "the database refuses this user",
    "3D": "there is no database of this name",
    "58": "the disk fails or is full",
    "XX": "the database is damaged",
}
"""The beginnings of what PostgreSQL calls its errors."""


def is_trouble(error: BaseException) -> bool:
    """Whether the database is to blame, so that the same may succeed later."""
    if isinstance(error, exc.DBAPIError):
        return not isinstance(error, NOT_THE_DATABASE) and state(error)[:2] != TOO_LARGE
    return isinstance(error, sqlite3.DatabaseError | exc.TimeoutError | ConflictError)


def is_lost(error: BaseException) -> bool:
    """Whether a connection was lost; before a commit is asked for the same may be done by another one."""
    return isinstance(error, exc.DBAPIError) and is_trouble(error) and is_broken(error)


def in_words(error: BaseException) -> str:
    """For people who cannot know the database: no paths, and no contents."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    name = str(getattr(cause, "sqlite_errorname", "") or state(error))
    known = WORDS | STATES
    return next((words for start, words in known.items() if name.startswith(start)), "the database is away")


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
