"""The database as a whole: opened once at the start, closed in good order."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api.database.engine import reading_engine, writing_engine
from api.database.epoch import boot_id, close_epoch, database_id, open_epoch, shared_epoch
from api.database.journal import lay_down_all
from api.database.lock import DataFolderLock
from api.database.migrate import migrate
from api.database.moved import refuse_moved
from api.database.pulse import SharedClock, read_beat
from api.database.readers import READERS, Readers
from api.database.trouble import in_words
from api.database.waiting import Waiting

log = structlog.get_logger()


@dataclass
class Database:
    """`epoch` names this life of the log; `readers` and `writing` are the ways in."""

    epoch: str
    readers: Readers
    writing: Engine
    _lock: DataFolderLock
    waiting: Waiting = field(default_factory=Waiting)
    clock: SharedClock | None = None
    """The time that all servers have in common, if there may be others."""
    id: str = ""
    """Names a database that servers share."""

    @property
    def shared(self) -> bool:
        """Whether other processes may be using it too."""
        return _is_shared(self.writing)

    async def close(self) -> None:
        """Marks the database as left in good order. The writer must have ended before."""
        await self.readers.close()
        try:
            if not self.shared:
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
        if _is_shared(writing):
            epoch, name = shared_epoch(writing, new_id), database_id(writing, new_id)
            with writing.begin() as connection:
                clock = SharedClock(read_beat(connection))
        else:
            epoch, name, clock = _opened_alone(writing, new_id), "", None
    except BaseException:
        writing.dispose()
        raise
    waiting = Waiting()
    readers = Readers(reading_engine(url, READERS), waiting)
    file = Path(str(writing.url.database))
    if not _is_shared(writing) and file.exists():  # else it is no plain file
        refuse_moved(writing, readers.engine, file)
    return Database(epoch, readers, writing, lock, waiting, clock, name)


def _is_shared(engine: Engine) -> bool:
    return engine.dialect.name != "sqlite"


def _opened_alone(writing: Engine, new_id: Callable[[], str]) -> str:
    with writing.begin() as connection:
        lay_down_all(connection)
    return open_epoch(writing, new_id, boot_id())
