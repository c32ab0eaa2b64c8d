"""Connections to the database: a pool for reading, one for the writer."""

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

BUSY_MS = 5_000
CHECKPOINT_PAGES = 8000
"""Of 4 KiB. By then a page of a running answer has been written many times, and is copied but once."""


def reading_engine(url: str | URL, connections: int) -> Engine:
    """Each transaction is one snapshot, which all selects until its end share."""
    return _engine(url, "BEGIN", connections)


def writing_engine(url: str | URL) -> Engine:
    """The writer's own connection."""
    return _engine(url, "BEGIN IMMEDIATE", 1)


def _engine(url: str | URL, begin: str, connections: int) -> Engine:
    """sqlite3 opens transactions by itself only before writes, so two selects may differ; take that over."""
    engine = create_engine(make_url(url).set(drivername="sqlite"), pool_size=connections, max_overflow=0)

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
        driver_of(connection).execute(begin)

    return engine


def driver_of(connection: Connection) -> Any:  # Any: each driver has a connection of its own
    """The way past SQLAlchemy, which would begin a transaction."""
    return connection.connection.driver_connection


def version(connection: Connection) -> int:
    """Another one in the transaction after somebody else has written; each connection has its own."""
    found: int = driver_of(connection).execute("PRAGMA data_version").fetchone()[0]
    return found


def changes(connection: Connection) -> int | None:
    """How many rows this connection has ever changed; None if its driver does not count them."""
    return getattr(driver_of(connection), "total_changes", None)
