"""One thread, one connection, and as many changes in a commit as are waiting.

A change goes to the database at once if nothing is under way; what arrives during a commit goes
together into the next one. There is no timer.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from api.core.errors import ChatError, Code
from api.core.events import Event
from api.core.points import Point, Reach, nowhere

T = TypeVar("T")
log = structlog.get_logger()


class RefusedError(Exception):
    """Base of what a unit may raise before it has changed anything: the others of its commit go on."""


@dataclass
class Transaction:
    """What a unit works on. `events`, and ids of sessions that are `gone`, are published once committed."""

    connection: Connection
    events: list[Event] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    begun: bool = False


Unit = Callable[[Transaction], T]
Publish = Callable[[Sequence[Event], Sequence[str]], None]


@dataclass
class _Job:
    unit: Unit[Any]  # each job has a result of its own
    durable: bool
    future: "asyncio.Future[Any]"
    result: Any = None
    error: Exception | None = None


_Outcome = tuple[list[_Job], Transaction | None]


class Writer:
    """Runs units of work in group commits, in the order in which they were submitted."""

    def __init__(self, engine: Engine, publish: Publish, reach: Reach = nowhere) -> None:
        self._engine = engine
        self._publish = publish
        self._reach = reach
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._full: bool | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, args=[self._loop], name="writer", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Finishes what was submitted, then ends the thread."""
        if self._thread is not None:
            thread, self._thread, self._loop = self._thread, None, None
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)
        self._engine.dispose()

    def submit(self, unit: Unit[T], *, durable: bool) -> "asyncio.Future[T]":
        """Queues `unit`; the future has its result once it is committed.

        Its exception is what the unit raised, or ChatError(storage_unavailable); then nothing was changed.

        `durable` commits survive a power cut, the others "only" the death of the process. A unit may
        be run again after a rollback, so it must change nothing but the database.
        """
        if self._loop is None:
            raise RuntimeError("the writer does not run")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(unit, durable, future))
        return future

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        connection: Connection | None = None
        while (batch := self._next_batch()) is not None:
            try:
                connection = connection or self._engine.connect()
            except SQLAlchemyError as error:
                self._tell(loop, _failed(batch, error), None)
                continue
            for jobs, done in self._commit(connection, batch):
                self._tell(loop, jobs, done)
        if connection is not None:
            connection.close()

    def _tell(self, loop: asyncio.AbstractEventLoop, batch: list[_Job], done: Transaction | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits for this any more
            loop.call_soon_threadsafe(self._deliver, batch, done)

    def _next_batch(self) -> list[_Job] | None:
        first = self._jobs.get()
        if first is None:
            return None
        batch = [first]
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)
                break
            batch.append(job)
        return batch

    def _commit(self, connection: Connection, batch: list[_Job]) -> "Iterator[_Outcome]":
        """Yields jobs that share an outcome, with what was committed if anything was."""
        transaction = Transaction(connection)
        try:
            self._transact(transaction, batch)
        except Exception as error:  # noqa: BLE001 - it becomes the outcome of the job that caused it
            if len(batch) > 1 and transaction.begun:  # a poisoned job must not spoil the others
                for job in batch:
                    yield from self._commit(connection, [job])
                return
            yield _failed(batch, error), None
        else:
            yield batch, transaction

    def _transact(self, transaction: Transaction, batch: list[_Job]) -> None:
        connection = transaction.connection
        self._set_durability(connection, full=any(job.durable for job in batch))
        with connection.begin():
            transaction.begun = True
            for job in batch:
                job.error = None
                try:
                    job.result = job.unit(transaction)
                except (RefusedError, ChatError) as refusal:
                    job.error = refusal
            self._reach_with_events(transaction, Point.BEFORE_COMMIT)
        self._reach_with_events(transaction, Point.AFTER_COMMIT)

    def _reach_with_events(self, transaction: Transaction, point: Point) -> None:
        """Housekeeping, such as a process's beat, is no place where an answer stands."""
        if transaction.events:
            self._reach(point)

    def _set_durability(self, connection: Connection, *, full: bool) -> None:
        if full is not self._full:
            driver = connection.connection.driver_connection
            assert driver is not None  # noqa: S101 - for mypy: the connection is open
            driver.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
            self._full = full

    def _deliver(self, batch: list[_Job], done: Transaction | None) -> None:
        try:
            if done is not None and (done.events or done.gone):
                self._publish(done.events, done.gone)
        finally:
            self._resolve(batch)

    def _resolve(self, batch: list[_Job]) -> None:
        for job in batch:
            if job.future.done():  # whoever asked has left
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)


def _failed(batch: list[_Job], error: Exception) -> list[_Job]:
    for job in batch:
        job.error = _translated(error)
    return batch


def _translated(error: Exception) -> Exception:
    if isinstance(error, OperationalError):
        log.warning("commit failed", error=str(error.orig))
        refusal = ChatError(Code.STORAGE_UNAVAILABLE, retry_after_ms=1000)
        refusal.__cause__ = error
        return refusal
    return error
