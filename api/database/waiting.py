"""Whoever waits for a database that does not answer is set free.

PostgreSQL itself ends what takes too long, but not if it is frozen, or if the network swallows what it says.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection

UNANSWERED_S = 8.0
"""More than any statement may take there, and what a unit asks together does."""


class Waiting:
    """Units that are being carried out, each on a connection of its own, in any thread."""

    def __init__(self) -> None:
        self._since: dict[Connection, tuple[float, Any]] = {}  # Any: the driver's connection

    @contextmanager
    def on(self, connection: Connection) -> Iterator[None]:
        self._since[connection] = (time.monotonic(), connection.connection.driver_connection)
        try:
            yield
        finally:
            self._since.pop(connection, None)

    def answered(self, connection: Connection) -> None:
        """It does not wait in vain, and may go on for as long again."""
        known = self._since.get(connection)
        if known is not None:
            self._since[connection] = (time.monotonic(), known[1])

    def cut(self, seconds: float = UNANSWERED_S) -> int:
        """Shuts the connections of all that have waited so long; returns how many.

        For whoever waits it is as if the database had hung up.
        """
        before = time.monotonic() - seconds
        overdue = [driver for since, driver in list(self._since.values()) if since < before]
        for driver in overdue:
            _shut(driver)
        return len(overdue)


def _shut(driver: Any) -> None:  # Any: a connection of sqlite3's or of psycopg's
    """The descriptor is copied, so that none is closed that somebody else has by now."""
    fileno = getattr(driver, "fileno", None)
    if fileno is None:  # a database in a file
        return
    with suppress(Exception), socket.socket(fileno=os.dup(fileno())) as copy:  # it may have ended just now
        copy.shutdown(socket.SHUT_RDWR)
