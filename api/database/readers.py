"""A few threads that read. What belongs together is one call there and back, and sees one moment."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from api.database.trouble import is_lost, is_trouble, refusal
from api.database.waiting import Waiting

T = TypeVar("T")
READERS = 4
AGAIN_S = 1.0
"""Whoever has waited longer for an answer does not ask again."""


@dataclass(frozen=True)
class _Read:
    unit: Callable[[Connection], Any]  # each read has a result of its own
    future: "asyncio.Future[Any]"


class Readers:
    """Reads in the order in which they are asked for, `READERS` at a time, each thread by its own connection.

    The threads begin with the first read, and end when this is closed; a later read begins new ones.
    """

    def __init__(self, engine: Engine, waiting: Waiting | None = None) -> None:
        """`waiting` is told of each read for as long as it lasts."""
        self.engine = engine
        self._waiting = waiting or Waiting()
        self._reads: queue.SimpleQueue[_Read | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    async def read(self, unit: Callable[[Connection], T]) -> T:
        """What `unit` returns; all that it selects is of one snapshot. It runs in another thread.

        Raises what `unit` does, or ChatError(storage_unavailable) if nothing can be read. Whoever is
        cancelled leaves at once: a read that has begun ends by itself, and one that has not is not made.
        Under a crowd that comes and goes, most of those would be for nobody.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if not self._threads:
            self._begin()
        self._reads.put(_Read(unit, future))
        return await future

    def _begin(self) -> None:
        for number in range(READERS):
            thread = threading.Thread(target=self._work, name=f"reader {number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    async def close(self) -> None:
        """Finishes what was asked for, then ends the threads."""
        threads, self._threads = self._threads, []
        for _ in threads:
            self._reads.put(None)
        for thread in threads:
            await asyncio.to_thread(thread.join)
        self.engine.dispose()

    def _work(self) -> None:
        desk = _Desk(self.engine, self._waiting)
        desk.connect()
        while self._next(desk):
            pass
        desk.leave()

    def _next(self, desk: "_Desk") -> bool:
        """Makes one read, and keeps nothing of it."""
        read = self._reads.get()
        if read is None:
            return False
        if not read.future.cancelled():
            try:
                result, error = desk.read(read.unit), None
            except Exception as raised:  # noqa: BLE001 - it is for whoever asked
                result, error = None, raised
            with suppress(RuntimeError):  # the loop is closed: nobody waits for this any more
                read.future.get_loop().call_soon_threadsafe(_answer, read.future, result, error)
        return True


class _Desk:
    """A thread's connection. One that has failed is given up, and the next read has a new one."""

    def __init__(self, engine: Engine, waiting: Waiting) -> None:
        self._engine = engine
        self._waiting = waiting
        self._connection: Connection | None = None

    def connect(self) -> None:
        """Whoever has the database open can read it even if it is moved away; later none could open it."""
        with suppress(SQLAlchemyError, sqlite3.Error):
            self._connection = self._engine.connect()

    def read(self, unit: Callable[[Connection], T]) -> T:
        """What was connected to a database that has been restarted since is connected anew."""
        known, began = self._connection is not None, time.monotonic()
        try:
            return self._read(unit)
        except (SQLAlchemyError, sqlite3.Error) as error:
            self.leave()
            if known and is_lost(error) and time.monotonic() - began < AGAIN_S:
                return self.read(unit)
            if not is_trouble(error):
                raise
            raise refusal(error) from error

    def _read(self, unit: Callable[[Connection], T]) -> T:
        connection = self._connection = self._connection or self._engine.connect()
        with self._waiting.on(connection), connection.begin():
            return unit(connection)

    def leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError, sqlite3.Error):
                connection.invalidate()
                connection.close()


def _answer(future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if future.cancelled():  # whoever asked has left
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
