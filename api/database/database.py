"""The database as a whole: opened once at the start, closed in good order."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, QueuePool
from sqlalchemy.ext.asyncio import AsyncEngine

from api.database.engine import reading_engine, writing_engine
from api.database.epoch import boot_id, close_epoch, open_epoch
from api.database.lock import DataFolderLock
from api.database.migrate import migrate

READ_OUT_S = 5.0


@dataclass
class Database:
    """`epoch` names this life of the log; `readers` and `writing` are the ways in."""

    epoch: str
    readers: AsyncEngine
    writing: Engine
    _lock: DataFolderLock

    async def close(self) -> None:
        """Marks the database as left in good order. The writer must have ended before."""
        await self._read_out()
        await self.readers.dispose()
        close_epoch(self.writing)
        self.writing.dispose()
        self._lock.release()

    async def _read_out(self) -> None:
        """Waits for the reads whose callers have left; broken off, each would leave its connection behind."""
        pool = self.readers.pool
        assert isinstance(pool, QueuePool)  # noqa: S101 - for mypy: what an engine for asyncio has
        with suppress(TimeoutError):
            async with asyncio.timeout(READ_OUT_S):
                while pool.checkedout():  # noqa: ASYNC110 - nothing there could be awaited
                    await asyncio.sleep(0.005)


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
