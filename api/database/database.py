"""The database as a whole: opened once at the start, closed in good order."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api.database.engine import reading_engine, writing_engine
from api.database.epoch import boot_id, close_epoch, open_epoch
from api.database.journal import lay_down_all
from api.database.lock import DataFolderLock
from api.database.migrate import migrate
from api.database.moved import refuse_moved
from api.database.readers import READERS, Readers
from api.database.trouble import in_words

log = structlog.get_logger()


@dataclass
class Database:
    """`epoch` names this life of the log; `readers` and `writing` are the ways in."""

    epoch: str
    readers: Readers
    writing: Engine
    _lock: DataFolderLock

    async def close(self) -> None:
        """Marks the database as left in good order. The writer must have ended before."""
        await self.readers.close()
        try:
            close_epoch(self.writing)
        except (SQLAlchemyError, sqlite3.Error) as error:
            log.warning("the next start takes this for a crash", reason=in_words(error))
        finally:
            self.writing.dispose()
            self._lock.release()


def open_database(url: str, lock: DataFolderLock, new_id: Callable[[], str]) -> Database:
    """Migrates (after a copy in `backups` of the data folder) and opens the epoch.

    What a dead process left in the journal is laid down before anybody reads. The data folder's lock must be
    held; with the database it is released. Raises NewerDatabaseError, OSError or SQLAlchemy's errors.
    """
    writing = writing_engine(url)
    try:
        migrate(writing, lock.folder / "backups")
        with writing.begin() as connection:
            lay_down_all(connection)
        epoch = open_epoch(writing, new_id, boot_id())
    except BaseException:
        writing.dispose()
        raise
    readers = Readers(reading_engine(url, READERS))
    file = Path(str(writing.url.database))
    if file.exists():  # else it is no plain file
        refuse_moved(writing, readers.engine, file)
    return Database(epoch, readers, writing, lock)
