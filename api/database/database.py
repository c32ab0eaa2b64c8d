"""The database as a whole: opened once at the start, closed in good order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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


def open_database(url: str, folder: Path, new_id: Callable[[], str]) -> Database:
    """Takes the data folder, migrates (after a copy in `folder/backups`) and opens the epoch.

    Raises DataFolderInUseError, NewerDatabaseError, OSError or SQLAlchemy's errors.
    """
    lock = DataFolderLock(folder)
    lock.take()
    writing = writing_engine(url)
    try:
        migrate(writing, folder / "backups")
        epoch = open_epoch(writing, new_id, boot_id())
    except BaseException:
        writing.dispose()
        lock.release()
        raise
    return Database(epoch, reading_engine(url), writing, lock)
