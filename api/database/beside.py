"""Connections beside the writer's, for what is large: answers wait for no commit of it."""

import time
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError

from api.database.conflict import is_conflict
from api.database.postgresql import beside_engine
from api.database.trouble import is_lost, is_trouble, refusal
from api.database.waiting import Waiting

T = TypeVar("T")
CONNECTIONS = 2
TRIES = CONNECTIONS + 1
"""Each connection may be one to a database that has been started anew since."""
AGAIN_S = 1.0
"""What took longer until it failed is not tried again."""


class Beside:
    """Units of work in PostgreSQL, each a transaction of its own, `CONNECTIONS` of them at a time."""

    def __init__(self, url: str, waiting: Waiting) -> None:
        """`waiting` is told of each unit for as long as it lasts."""
        self._engine = beside_engine(make_url(url), CONNECTIONS)
        self._waiting = waiting
        self._limiter = CapacityLimiter(CONNECTIONS)

    async def do(self, unit: Callable[[Connection], T]) -> T:
        """What `unit` returns, once it is committed. It may be run again, also after it was committed.

        Raises what `unit` does, or ChatError(storage_unavailable).
        """
        return await to_thread.run_sync(self._do, unit, limiter=self._limiter)

    def answered(self, connection: Connection) -> None:
        """For units that take long as a whole: what they have asked for so far was done."""
        self._waiting.answered(connection)

    async def close(self) -> None:
        await to_thread.run_sync(self._engine.dispose)

    def _do(self, unit: Callable[[Connection], T], tries: int = TRIES) -> T:
        began = time.monotonic()
        try:
            return self._once(unit)
        except SQLAlchemyError as error:
            again = is_lost(error) or is_conflict(error)
            if again and tries > 1 and time.monotonic() - began < AGAIN_S:
                return self._do(unit, tries - 1)
            if not is_trouble(error):
                raise
            raise refusal(error) from error

    def _once(self, unit: Callable[[Connection], T]) -> T:
        connection = self._engine.connect()
        try:
            with self._waiting.on(connection), connection.begin():
                return unit(connection)
        except BaseException:
            connection.invalidate()
            raise
        finally:
            connection.close()
