"""Connections to the database: an async pool for reading, a plain one for the writer."""

import asyncio
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_MS = 5_000
READERS = 4


class Readers(AsyncEngine):
    """A pool for reads. `begin()` opens one snapshot, which all selects until its end share.

    Whoever reads takes a place in `room` first: unlike the pool's queue it can be left at any time.
    """

    def __init__(self, sync_engine: Engine) -> None:
        super().__init__(sync_engine)
        self.room = asyncio.Semaphore(READERS)


def reading_engine(url: str) -> Readers:
    engine = create_async_engine(url, pool_size=READERS, max_overflow=0).sync_engine
    _explicit_begin(engine)
    return Readers(engine)


def writing_engine(url: str | URL) -> Engine:
    """The writer's own connection, without a pool: `url` is the readers', with the plain driver."""
    engine = create_engine(make_url(url).set(drivername="sqlite"), pool_size=1, max_overflow=0)
    _explicit_begin(engine, "BEGIN IMMEDIATE")
    return engine


def _explicit_begin(engine: Engine, begin: str = "BEGIN") -> None:
    """sqlite3 opens transactions by itself only before writes, so two selects may differ; take that over."""

    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _record: Any) -> None:  # SQLAlchemy's own record
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, as some builds do anyway
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:  # a Connection of either kind
        connection.exec_driver_sql(begin)


def driver_of(connection: Connection) -> Any:  # Any: each driver has a connection of its own
    """The way past SQLAlchemy, which would begin a transaction."""
    return connection.connection.driver_connection


def changes(connection: Connection) -> int | None:
    """How many rows this connection has ever changed; None if its driver does not count them."""
    return getattr(driver_of(connection), "total_changes", None)
