"""The data folder that the settings name, opened for this process alone, and what lies in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uuid_utils
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from api.backup.journal import finish as finish_restore
from api.backup.places import SECRET, UPLOADS, Places
from api.backup.refusals import BackupRefused
from api.database.database import Database, open_database
from api.database.engine import writing_engine
from api.database.epoch import renew_epoch
from api.database.lock import DataFolderInUseError, DataFolderLock
from api.database.migrate import NewerDatabaseError, migrate
from api.database.postgresql import MissingDriverError, beside_engine, is_meant
from api.database.trouble import in_words
from api.settings import Settings

SQLITE = "sqlite:///"
FORMER = "sqlite+aiosqlite:///"  # while reads went through that driver
POSTGRESQL = "postgresql+asyncpg://"


class StartRefusedError(Exception):
    """The server cannot start; the text is one line that says why and what to do."""


def new_id() -> str:
    return str(uuid_utils.uuid7())


def open_store(settings: Settings) -> Database:
    """The database in the shape that this version needs, and the data folder with it.

    Raises StartRefusedError.
    """
    with taken_folder(settings) as lock:
        return open_database_in(settings, lock)


@contextmanager
def taken_folder(settings: Settings) -> Iterator[DataFolderLock]:
    """Takes the data folder before anything in it is read or made, and finishes a restore that was cut off.

    It stays taken, unless what is done within fails. Raises StartRefusedError.
    """
    lock = DataFolderLock(
        settings.data_dir.resolve(), _database_file(settings), shared=_is_postgresql(settings.database)
    )
    try:
        with _refusals(lock.folder):
            lock.take()
            finish_restore(lock.folder)
        yield lock
    except BaseException:
        lock.release()
        raise


def open_database_in(settings: Settings, lock: DataFolderLock) -> Database:
    """The database in the shape that this version needs. Raises StartRefusedError."""
    if not (settings.database.startswith((SQLITE, FORMER)) or _is_postgresql(settings.database)):
        raise StartRefusedError(
            f"STEADYCHAT_DATABASE_URL must begin with {SQLITE} or {POSTGRESQL}: these are the databases "
            "that can keep the history"
        )
    with _refusals(lock.folder):
        return open_database(settings.database, lock, new_id)


def is_shared(settings: Settings) -> bool:
    """Whether several servers may use the database."""
    return _is_postgresql(settings.database)


@contextmanager
def shared_database(settings: Settings) -> Iterator[Engine]:
    """A way into the database of several servers, in the shape that this version needs, beside any of them.

    Raises StartRefusedError, also for what of the database fails within.
    """
    folder = settings.data_dir.resolve()
    with _refusals(folder):
        engine = beside_engine(make_url(settings.database), 1)
        try:
            migrate(engine, folder)
            yield engine
        finally:
            engine.dispose()


@contextmanager
def _refusals(folder: Path) -> Iterator[None]:
    try:
        yield
    except DataFolderInUseError as error:
        raise StartRefusedError(
            f"{error} is in use by another process: stop that one, or choose another folder with "
            "STEADYCHAT_DATA_DIR (or another database, where STEADYCHAT_DATABASE_URL names this one)"
        ) from error
    except (BackupRefused, NewerDatabaseError, MissingDriverError) as error:
        raise StartRefusedError(str(error)) from error
    except OSError as error:
        raise StartRefusedError(
            f"the data folder {folder} cannot be used ({error.strerror}): make it writable, "
            "or choose another with STEADYCHAT_DATA_DIR"
        ) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason = str(error).splitlines()[0]
        raise StartRefusedError(
            f"the database cannot be opened: {in_words(error)} ({reason}). Look whether it runs, has room "
            f"on its disk and may be written, check STEADYCHAT_DATABASE_URL and {folder}, "
            "or go back to a backup"
        ) from error


def places(settings: Settings) -> Places:
    """Where everything lies that a backup holds. Raises StartRefusedError if that is not in files."""
    file = _database_file(settings)
    if file is None:
        raise StartRefusedError(
            f"STEADYCHAT_DATABASE_URL names no file, as {SQLITE}path does: use the database's own tools "
            "for it (pg_dump and pg_restore, then `steadychat restored`), and copy the data folder too"
        )
    folder = settings.data_dir.resolve()
    return Places(folder, file, folder / settings.index_file.name, folder / UPLOADS, folder / SECRET)


def begin_new_epoch(settings: Settings) -> None:
    """After a shared history was brought back. Raises StartRefusedError."""
    with _refusals(settings.data_dir.resolve()):
        engine = writing_engine(settings.database)
        try:
            renew_epoch(engine, new_id())
        finally:
            engine.dispose()


def _is_postgresql(url: str) -> bool:
    """Whatever driver it names."""
    try:
        return is_meant(make_url(url))
    except ArgumentError:
        return False


def _database_file(settings: Settings) -> Path | None:
    """None if the database is in no file of its own."""
    url = settings.database
    file = make_url(url).database if url.startswith((SQLITE, FORMER)) else None
    return Path(file).resolve() if file and not file.startswith((":", "file:")) else None
