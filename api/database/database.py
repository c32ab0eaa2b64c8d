"""The database as a whole: opened once at the start, closed in good order."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from api.database.engine import reading_engine, writing_engine
from api.database.epoch import boot_id, close_epoch, open_epoch
from api.database.lock import DataFolderLock
from api.database.migrate import migrate


@dataclass
class Database:
    """`epoch` names this life of the log; `readers` and `writing` are the ways in."""

    epoch: str
    readers: AsyncEngine
    writing: Engine
    _lock: DataFolderLock

    async def close(self) -> None:
        """Marks the database as left in good order. The writer must have ended before."""
        await self.readers.dispose()
        close_epoch(self.writing)
        self.writing.dispose()
        self._lock.release()


def open_database(url: str, lock: DataFolderLock, new_id: Callable[[], str]) -> Database:
    """Migrates (after a copy in `backups` of the data folder) and opens the epoch.

    The data folder's lock must be held; with the database it is released. Raises NewerDatabaseError, OSError
    or SQLAlchemy's errors.
    """
    writing = writing_engine(url)
    try:
        migrate(writing, lock.folder / "backups")
        epoch = open_epoch(writing, new_id, boot_id())
    except BaseException:
        writing.dispose()
        raise
    return Database(epoch, reading_engine(url), writing, lock)
