"""The database in the loop's own thread: a commit, and a read's answer, come when the test says so."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Result

from api.core.points import Reach, nowhere
from api.database.engine import Readers as RealReaders
from api.database.jobs import Job
from api.database.writer import Publish, Writer

T = TypeVar("T")

MANY = 1_000


class HeldWriter(Writer):
    """Commits what waits when it is told to. Once `dead`, nothing is ever answered any more."""

    def __init__(self, engine: Engine, publish: Publish, reach: Reach = nowhere) -> None:
        super().__init__(engine, publish, reach)
        self.waiting: list[Job] = []
        self.dead = False

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        self._give_up_connection()
        self._engine.dispose()

    def _put(self, job: Job) -> None:
        if not self.dead:
            self.waiting.append(job)

    def die(self) -> None:
        """The process is gone; what was not committed was never there."""
        self.dead = True
        self.waiting.clear()
        self._give_up_connection()
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


class Readers:
    """What the store and the log use of their engine, without a thread. A read may be held at its end."""

    def __init__(self, engine: Engine, pauses: Pauses) -> None:
        self._engine = engine
        self._pauses = pauses
        self.room = asyncio.Semaphore(MANY)

    def as_engine(self) -> RealReaders:
        return cast("RealReaders", self)

    @asynccontextmanager
    async def connect(self) -> "AsyncIterator[_Reading]":
        with self._engine.connect() as connection:
            yield _Reading(connection)
        await self._pauses.passing()


class _Reading:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[None]:
        with self._connection.begin():
            yield

    async def execute(self, statement: Any) -> Result[Any]:  # Any: as SQLAlchemy's
        return self._connection.execute(statement)

    async def run_sync(self, read: Callable[[Connection], T]) -> T:
        return read(self._connection)

    @asynccontextmanager
    async def stream(self, statement: Any) -> "AsyncIterator[_Streamed]":  # Any: as above
        yield _Streamed(self._connection.execute(statement))


class _Streamed:
    def __init__(self, result: Result[Any]) -> None:
        self._result = result

    async def fetchmany(self, size: int) -> Any:  # Any: rows of any shape
        return self._result.fetchmany(size)
