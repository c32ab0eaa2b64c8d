"""One thread, one connection, and as many changes in a commit as are waiting.

A change goes to the database at once if nothing is under way; what arrives during a commit goes
together into the next one. Parts of what is done together, which come by the thousand, gather for a
few milliseconds, so that they do not pay for a commit each.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine

from api.core.events import Event
from api.core.points import Point, Reach, nowhere
from api.database.conflict import is_conflict
from api.database.gathering import Gathering
from api.database.held import HeldConnection
from api.database.jobs import (
    Done,
    Job,
    Outcome,
    Part,
    RefusedError,
    Together,
    Transaction,
    Unit,
    grouped,
    resolve,
    run,
)
from api.database.journal import Journal
from api.database.locks import hold_users
from api.database.pieces import Pieces
from api.database.postgresql import is_locked
from api.database.straight import Straight
from api.database.trouble import Trouble, is_lost, is_trouble, refusal
from api.database.waiting import Waiting

T = TypeVar("T")
Publish = Callable[[Sequence[Event], Sequence[str]], None]
_Outcome = tuple[list[Job], Transaction | None]
TRIES = 10
"""Where others come between; each time they have made a step themselves."""
LOCKED = 5
"""Whoever has waited for a lock in vain tries once more: it may have been two who waited for each other."""
TOGETHER = 2
"""So many of these tries are of all that fail together: mostly it was one of them, and is known then."""
TRYING_S = 1.0
"""No longer is what fails together tried one by one, or again."""

__all__ = ["Outcome", "RefusedError", "Transaction", "Unit", "Writer"]


class Writer:
    """Runs units of work in group commits, in the order in which they were submitted.

    Parts of what is done together may come later than that, as they gather.

    `trouble` is what keeps it from committing; somebody writes every few seconds, so it is never long out of
    date.
    """

    def __init__(
        self, engine: Engine, publish: Publish, reach: Reach = nowhere, waiting: Waiting | None = None
    ) -> None:
        """`waiting` is told of each commit for as long as it lasts."""
        self._waiting = waiting or Waiting()
        self._engine = engine
        self._publish = publish
        self._reach = reach
        self._jobs: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._gathering = Gathering(self._jobs.put)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._held = HeldConnection(engine)
        self.journal: Pieces = Journal() if engine.dialect.name == "sqlite" else Straight()
        self.trouble = Trouble()

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, args=[self._loop], name="writer", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Finishes what was submitted, then ends the thread."""
        if self._thread is not None:
            self._gathering.end()
            thread, self._thread, self._loop = self._thread, None, None
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)
        self._engine.dispose()

    def submit(self, unit: Unit[T], *, durable: bool, user: str | None = None) -> "asyncio.Future[T]":
        """Queues `unit`; the future has its result once it is committed.

        Its exception is what the unit raised, or ChatError(storage_unavailable); then nothing was changed.

        `durable` commits survive a power cut, the others "only" the death of the process. A unit may
        be run again after a rollback, so it must change nothing but the database. `user`: who is held for it,
        so that nobody else changes what they may and have asked for.
        """
        return self._awaited(unit, durable=durable, user=user)

    def add(self, part: Part, together: Together[Part], done: Done, *, urgent: bool = False) -> None:
        """Queues a part of what `together` does for all the parts of a commit at once, in any order of them.

        `done` is called in the event loop with the outcome, or else the error, as `submit` tells it. It waits
        for others for a moment, unless it is `urgent`.
        """
        self._take(Job(part, done, together=together), urgent=urgent)

    def hurry(self) -> None:
        """Somebody waits for a part: what gathers goes now."""
        self._gathering.end()

    def aside(self, unit: Unit[T]) -> "asyncio.Future[T]":
        """The same between two commits, in no transaction; nothing is published of it."""
        return self._awaited(unit, aside=True)

    def _awaited(
        self, unit: Unit[T], *, durable: bool = False, aside: bool = False, user: str | None = None
    ) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._take(Job(unit, partial(resolve, future), durable, aside, user=user), urgent=True)
        return future

    def _take(self, job: Job, *, urgent: bool) -> None:
        if self._loop is None:
            raise RuntimeError("the writer does not run")
        self._gathering.take(job, self._loop, urgent=urgent)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (batch := self._next_batch()) is not None:
            try:
                for jobs, done in self._outcomes(batch):
                    self._tell(loop, jobs, done)
            except Exception as error:  # noqa: BLE001 - nobody who asked may be forgotten
                left = [job for job in batch if not job.told]
                for job in left:
                    job.error = error
                self._tell(loop, left, None)
        self._held.give_up()

    def _tell(self, loop: asyncio.AbstractEventLoop, batch: list[Job], done: Transaction | None) -> None:
        for job in batch:
            job.told = True
        with suppress(RuntimeError):  # the loop is closed: nobody waits for this any more
            loop.call_soon_threadsafe(self._deliver, batch, done)

    def _next_batch(self) -> list[Job] | None:
        first = self._jobs.get()
        if first is None:
            return None
        batch = first
        while not self._jobs.empty():
            more = self._jobs.get()
            if more is None:
                self._jobs.put(None)
                break
            batch += more
        return batch

    def _outcomes(self, batch: list[Job]) -> "Iterator[_Outcome]":
        together = [job for job in batch if not job.aside]
        for jobs in (together, *([job] for job in batch if job.aside)):
            if jobs:
                yield from self._commit(jobs)

    def _commit(
        self, batch: list[Job], tries: int = TRIES, until: float | None = None
    ) -> "Iterator[_Outcome]":
        """Yields jobs that share an outcome, with what is to be published of it."""
        transaction: Transaction | None = None
        until = until or time.monotonic() + TRYING_S
        try:
            connection = self._held.get()
            transaction = Transaction(connection, self.journal.entry(connection))
            self._transact(transaction, batch)
        except Exception as error:  # noqa: BLE001 - it becomes the outcome of the job that caused it
            asked = transaction is not None and transaction.asked
            again = is_conflict(error) or is_lost(error)
            if not self._held.require_clean() or asked or again:
                self.journal.doubt()
            spoiled = transaction is not None and transaction.begun and not asked
            together = len(batch) == 1 or tries > TRIES - TOGETHER
            left = tries - (LOCKED if is_locked(error) else 1)
            if spoiled and again and together and left > 0 and time.monotonic() < until:
                yield from self._commit(batch, left, until)
                return
            if len(batch) > 1 and spoiled:  # a poisoned job must not spoil the others
                yield from self._each(batch, error, until)
                return
            yield self._failed(batch, error), None if transaction is None else transaction.unsure()
        else:
            yield batch, transaction

    def _each(self, batch: list[Job], error: Exception, until: float) -> "Iterator[_Outcome]":
        """By itself. Where all of them wait for somebody else, the rest have waited long enough."""
        for number, job in enumerate(batch):
            if (is_lost(error) or is_locked(error)) and time.monotonic() > until:
                yield self._failed(batch[number:], error), None
                return
            yield from self._commit([job], until=until)

    def _transact(self, transaction: Transaction, batch: list[Job]) -> None:
        if batch[0].aside:  # it is alone
            batch[0].result = batch[0].unit(transaction)
            return
        connection = transaction.connection
        self._held.set_durability(full=any(job.durable for job in batch))
        before = self._held.changes()
        with self._waiting.on(connection), connection.begin():
            transaction.begun = True
            hold_users(connection, {job.user for job in batch if job.user is not None})
            for jobs in grouped(batch):
                self._waiting.answered(connection)
                run(transaction, jobs)
            self._reach_with_events(transaction, Point.BEFORE_COMMIT)
            transaction.asked = True
        transaction.journal.made()
        if before is None or before != self._held.changes():  # a full disk takes what changes nothing
            self.trouble.went()
        self._reach_with_events(transaction, Point.AFTER_COMMIT)

    def _reach_with_events(self, transaction: Transaction, point: Point) -> None:
        """Housekeeping, such as a process's beat, is no place where an answer stands."""
        if transaction.events:
            self._reach(point)

    def _failed(self, batch: list[Job], error: Exception) -> list[Job]:
        if is_trouble(error) and not is_conflict(error):
            self.trouble.came(error)
        for job in batch:
            job.error = refusal(error) if is_trouble(error) else error
        return batch

    def _deliver(self, batch: list[Job], done: Transaction | None) -> None:
        self._gathering.came_back(batch)
        try:
            if done is not None and (done.events or done.gone):
                self._publish(done.events, done.gone)
        finally:
            for job in batch:
                job.done(job.result, job.error)
