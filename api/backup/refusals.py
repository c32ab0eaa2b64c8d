"""Why a backup cannot be made or restored, in one line that says what to do."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError


class BackupRefused(Exception):
    """Nothing was changed; the text is one line that says why and what to do."""


@contextmanager
def told(doing: str, folder: Path) -> Iterator[None]:
    """What the disk or SQLite raises within, as a refusal. `folder` is where it was to be written."""
    try:
        yield
    except DBAPIError as error:
        raise BackupRefused(f"{doing}: {_of_sqlite(error.orig, folder)}") from error
    except sqlite3.Error as error:
        raise BackupRefused(f"{doing}: {_of_sqlite(error, folder)}") from error
    except OSError as error:
        raise BackupRefused(f"{doing}: {_of_the_disk(error, folder)}") from error


def _of_sqlite(error: BaseException | None, folder: Path) -> str:
    if "no such table" in str(error):
        return "the database holds no history: set STEADYCHAT_DATA_DIR as the server has it"
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return _full(folder)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"a database is damaged ({error}): go back to an older backup"
    return f"{error}: look whether this user may write, and the disks have room, there and in {folder}"


def _of_the_disk(error: OSError, folder: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _full(folder)
    where = error.filename or folder
    return f"{error.strerror or error} ({where}): make it readable and writable for this user"


def _full(folder: Path) -> str:
    return f"the disk of {folder} is full: make room there, or take another place"
