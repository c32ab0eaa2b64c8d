"""The database in the loop's own thread: a commit, and a read's answer, come when the test says so."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine

from api.core.points import Reach, nowhere
from api.database.jobs import Job
from api.database.readers import Readers
from api.database.waiting import Waiting
from api.database.writer import Publish, Writer

T = TypeVar("T")


class HeldWriter(Writer):
    """Commits what waits when it is told to. Once `dead`, nothing is ever answered any more."""

    def __init__(
        self, engine: Engine, publish: Publish, reach: Reach = nowhere, waiting: Waiting | None = None
    ) -> None:
        super().__init__(engine, publish, reach, waiting)
        self.waiting: list[Job] = []
        self.dead = False

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        self._held.give_up()
        self._engine.dispose()

    def _take(self, job: Job, *, urgent: bool) -> None:
        if not self.dead:
            self.waiting.append(job)

    def die(self) -> None:
        """The process is gone; what was not committed was never there."""
        self.dead = True
        self.waiting.clear()
        self._held.give_up()
        self._engine.dispose()

    def commit(self, count: int | None = None) -> None:
        """Commits the first `count` of what waits, together; all of it if None."""
        batch, self.waiting = self.waiting[:count], [] if count is None else self.waiting[count:]
        if batch:
            for jobs, done in self._outcomes(batch):
                self._deliver(jobs, done)


class Pauses:
    """Reads that have been made and whose answers are still held back."""

    def __init__(self) -> None:
        self.holding = False
        self._held: deque[asyncio.Event] = deque()

    def __len__(self) -> int:
        return len(self._held)

    async def passing(self) -> None:
        if self.holding:
            gate = asyncio.Event()
            self._held.append(gate)
            await gate.wait()

    def release(self) -> None:
        """The oldest of them is answered."""
        if self._held:
            self._held.popleft().set()

    def release_all(self) -> None:
        self.holding = False
        while self._held:
            self._held.popleft().set()


class LoopReaders(Readers):
    """Reads without a thread. An answer may be held back."""

    def __init__(self, engine: Engine, pauses: Pauses) -> None:
        super().__init__(engine)
        self._pauses = pauses

    async def read(self, unit: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection, connection.begin():
            found = unit(connection)
        await self._pauses.passing()
        return found

    async def close(self) -> None:
        self.engine.dispose()
