"""Notices that the files of the database are no longer those that were opened.

A process goes on writing to a file that somebody has deleted or replaced, and what it confirms goes with it.
"""

import sqlite3
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Engine, event

Identity: TypeAlias = tuple[int, int]


class DatabaseMovedError(sqlite3.OperationalError):
    """What the name of the database leads to is not what was opened."""

    sqlite_errorname = "SQLITE_READONLY_DBMOVED"


class OpenedFile:
    """A file as it was when it was opened. Each question costs a look at the folder, which is in memory."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._opened = _identity(file)

    def require(self) -> None:
        """Raises DatabaseMovedError if something else is there now, or nothing."""
        if _identity(self._file) != self._opened:
            raise DatabaseMovedError(f"{self._file} is not the file that was opened")


def _identity(file: Path) -> Identity | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def refuse_moved(writing: Engine, readers: Engine, file: Path) -> None:
    """From now on neither engine connects to another file, and nothing is written while it is not there."""
    database = OpenedFile(file)
    log: OpenedFile | None = (
        None  # the log of changes; it is there, and the same, for as long as a connection
    )

    def connecting(*_: Any) -> None:  # Any: SQLAlchemy's own
        database.require()

    def connected(*_: Any) -> None:  # Any: as above
        nonlocal log
        log = None

    def beginning(_: Any) -> None:  # Any: as above
        database.require()
        if log is not None:
            log.require()

    def begun(_: Any) -> None:  # Any: as above
        nonlocal log
        log = log or OpenedFile(Path(f"{file}-wal"))

    for engine in (writing, readers):
        event.listen(engine, "do_connect", connecting)
    event.listen(writing, "connect", connected)
    event.listen(writing, "begin", beginning, insert=True)
    event.listen(writing, "begin", begun)
