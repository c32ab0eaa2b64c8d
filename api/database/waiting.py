"""Whoever waits for a database that does not answer is set free.

PostgreSQL itself ends what takes too long, but not if it is frozen, or if the network swallows what it says.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection

UNANSWERED_S = 8.0
"""More than any statement may take there, and all of a unit together does."""


class Waiting:
    """Units that are being carried out, each on a connection of its own, in any thread."""

    def __init__(self) -> None:
        self._since: dict[Connection, float] = {}

    @contextmanager
    def on(self, connection: Connection) -> Iterator[None]:
        self._since[connection] = time.monotonic()
        try:
            yield
        finally:
            self._since.pop(connection, None)

    def cut(self, seconds: float = UNANSWERED_S) -> int:
        """Shuts the connections of all that have waited so long; returns how many.

        For whoever waits it is as if the database had hung up.
        """
        before = time.monotonic() - seconds
        overdue = [connection for connection, since in list(self._since.items()) if since < before]
        for connection in overdue:
            _shut(connection)
        return len(overdue)


def _shut(connection: Connection) -> None:
    """The descriptor is copied, so that none is closed that somebody else has by now."""
    driver = connection.connection.driver_connection
    fileno = getattr(driver, "fileno", None)
    if fileno is None:  # a database in a file
        return
    with suppress(Exception), socket.socket(fileno=os.dup(fileno())) as copy:  # it may have ended just now
        copy.shutdown(socket.SHUT_RDWR)
