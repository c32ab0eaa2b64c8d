"""Connections to SQLite, and what it tells of them."""

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

BUSY_MS = 5_000
CHECKPOINT_PAGES = 8000
"""Of 4 KiB. By then a page of a running answer has been written many times, and is copied but once."""


def reading_engine(url: URL, connections: int) -> Engine:
    return _engine(url, "BEGIN", connections)


def writing_engine(url: URL) -> Engine:
    return _engine(url, "BEGIN IMMEDIATE", 1)


def _engine(url: URL, begin: str, connections: int) -> Engine:
    """sqlite3 opens transactions by itself only before writes, so two selects may differ; take that over."""
    engine = create_engine(url.set(drivername="sqlite"), pool_size=connections, max_overflow=0)

    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _record: Any) -> None:  # SQLAlchemy's own record
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        cursor.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, as some builds do anyway
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        _driver(connection).execute(begin)

    return engine


def version(connection: Connection) -> int:
    """Another one in the transaction after somebody else has written; each connection has its own."""
    found: int = _driver(connection).execute("PRAGMA data_version").fetchone()[0]
    return found


def changes(connection: Connection) -> int:
    """How many rows this connection has ever changed."""
    found: int = _driver(connection).total_changes
    return found


def set_durability(connection: Connection, *, full: bool) -> None:
    """Whether the commits to come outlive a power cut, or the death of the process alone."""
    _driver(connection).execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")


def _driver(connection: Connection) -> Any:  # Any: the sqlite3 connection, past SQLAlchemy
    return connection.connection.driver_connection
