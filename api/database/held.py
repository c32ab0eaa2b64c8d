"""The connection that the writer holds, which is made anew when it is of no use any more."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine

from api.database import postgresql, sqlite


class HeldConnection:
    """Nothing is connected until it is asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._connection: Connection | None = None
        self._full: bool | None = None

    def get(self) -> Connection:
        self._connection = self._connection or self._engine.connect()
        return self._connection

    def require_clean(self) -> bool:
        """A connection that is still in a transaction could begin no other one: the next has a new one.

        False if that is so.
        """
        connection = self._connection
        if connection is None:
            return True
        driver = None if connection.invalidated else connection.connection.driver_connection
        if driver is not None and not connection.in_transaction() and not _in_transaction(driver):
            return True
        connection.invalidate()
        self.give_up()
        return False

    def give_up(self) -> None:
        connection, self._connection, self._full = self._connection, None, None
        if connection is not None:
            connection.close()

    def set_durability(self, *, full: bool) -> None:
        """PostgreSQL makes every commit durable."""
        if self._sqlite and full is not self._full:
            sqlite.set_durability(self.get(), full=full)
            self._full = full

    def changes(self) -> int | None:
        """How many rows it has ever changed; None if its driver does not count them."""
        return sqlite.changes(self.get()) if self._sqlite else None


def _in_transaction(driver: Any) -> bool:  # Any: a connection of sqlite3's or of psycopg's
    return driver.in_transaction if isinstance(driver, sqlite3.Connection) else postgresql.is_busy(driver)
