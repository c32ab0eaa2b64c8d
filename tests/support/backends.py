"""A store and a log on a real database, with the moments of a test under control."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from api.core.events import Ended, Event
from api.core.history import HistoryLimits
from api.core.lifecycle import Status
from api.core.records import Position
from api.database.database import Database, open_database
from api.database.engine import reading_engine, writing_engine
from api.database.lock import DataFolderLock
from api.database.readers import READERS, Readers
from api.database.tables import meta, tables_of
from api.database.writer import Transaction, Writer
from api.log.log import SqlLog
from api.service.ports import Claim, Ending
from api.service.requests import Accepted, AnswerRequest, RetryRequest, SendRequest
from api.store.archive import SqlArchive
from api.store.links import SqlLinks
from api.store.notes import SqlNotes
from api.store.store import SqlStore
from api.wakeups.local import LocalWakeups
from api.wakeups.relay import RelayedWakeups
from tests.support import postgres
from tests.support.clocks import CountedIds, SettableClock

T = TypeVar("T")
NAMES = ["sqlite", "postgresql"]
OWNER = "own"
GATE_S = 15.0
BUSY_MS, LOCK_MS = 50, 20
PER_MINUTE = 1000
"""So much a user may send to all servers together."""


def nothing(_: Connection) -> None:
    """What a read finds that looks at nothing."""


@dataclass(frozen=True)
class Sent:
    """A message that was accepted, and the right to answer it."""

    accepted: Accepted
    claim: Claim

    @property
    def session_id(self) -> str:
        return self.accepted.session_id

    @property
    def answer_id(self) -> str:
        return self.accepted.pending_message_id


@dataclass
class Backend:
    """`locked` is the back end's own way of letting nobody write."""

    database: Database
    writer: Writer
    log: SqlLog
    store: SqlStore
    archive: SqlArchive
    links: SqlLinks
    notes: SqlNotes
    clock: SettableClock
    new_id: CountedIds
    locked: Callable[[], Any]  # a context manager
    published: list[Event] = field(default_factory=list)
    users: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What has to be laid down before the back end is."""

    async def send(
        self,
        content: str = "What is up?",
        *,
        user: str = "ann",
        key: str | None = None,
        session: str | None = None,
        chain: str | None = None,
        generations: int = 0,
    ) -> Sent:
        request = SendRequest(user, content, key or self.new_id(), session, chain)
        return await self._accept(request, generations)

    async def retry(
        self,
        answer_id: str,
        *,
        user: str = "ann",
        key: str | None = None,
        session: str | None = None,
        generations: int = 0,
    ) -> Sent:
        return await self._accept(RetryRequest(user, answer_id, key or self.new_id(), session), generations)

    async def attempt(self, sent: Sent, text: str = "Better.", status: Status = Status.COMPLETE) -> Sent:
        """A further attempt at an answer that has ended, with its whole text."""
        again = await self.retry(sent.answer_id)
        await self.say(again, text)
        await self.end(again, status)
        return again

    async def _accept(self, request: AnswerRequest, generations: int) -> Sent:
        fence = self.new_id()
        accepted = await self.store.accept(request, fence=fence, generations=generations)
        claim = Claim(accepted.session_id, accepted.pending_message_id, fence, accepted.before.seq + 1)
        return Sent(accepted, claim)

    async def say(self, sent: Sent, *texts: str) -> None:
        """Each text in a commit of its own."""
        appender = self.log.appender(sent.claim)
        for text in texts:
            appender.write(text)
            await appender.flushed()

    async def end(self, sent: Sent, status: Status = Status.COMPLETE) -> Ended | None:
        return (await self.store.finish(Ending(sent.answer_id, status, fence=sent.claim.fence))).ended

    async def exchange(self, text: str = "Fine.", **how: Any) -> Sent:  # Any: what `send` takes
        """A message with its whole answer."""
        sent = await self.send(**how)
        await self.say(sent, text)
        await self.end(sent)
        return sent

    async def indexed(self) -> None:
        """All that was said is in the full-text index, as it is some seconds later."""
        while await self.archive.index():
            pass

    async def events(self, session_id: str, after: int = 0) -> list[Event]:
        """All events after a position, as a follower reads them of whom nothing is in memory."""
        self.log._tails.drop(session_id)
        found: list[Event] = []
        while True:
            reading = await self.log.read(session_id, Position(self.log.epoch, after))
            assert not reading.lost
            if not reading.events:
                return found
            found += reading.events
            after = found[-1].seq

    async def kept(self, words: Sequence[str]) -> set[str]:
        """Those of the words that are still stored; beginnings are shared in an index."""
        stored = await self.change(_rows) if self.database.shared else _content(self.database.writing)
        return {word for word in words if word[2:].encode() in stored}

    async def running(self) -> set[str]:
        """The answers that have not ended."""
        return {lease.message_id for lease in (await self.store.leases()).running}

    async def change(self, unit: Callable[[Transaction], T]) -> T:
        return await self.writer.submit(unit, durable=False)

    @asynccontextmanager
    async def commit_under_way(self) -> AsyncIterator[None]:
        """What is submitted within is committed together, when this is left."""
        begun, done = threading.Event(), threading.Event()

        def wait(_: Transaction) -> None:
            begun.set()
            assert done.wait(GATE_S)

        waiting = self.writer.submit(wait, durable=False)
        assert await asyncio.to_thread(begun.wait, GATE_S)
        try:
            yield
        finally:
            done.set()
            await waiting

    @asynccontextmanager
    async def read_under_way(self, read: Callable[[Connection], Any] = nothing) -> AsyncIterator[None]:
        """Somebody reads for as long as this lasts, and has begun with `read`."""
        begun, done = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def wait(connection: Connection) -> None:
            read(connection)
            loop.call_soon_threadsafe(begun.set)
            assert done.wait(GATE_S)

        reading = asyncio.create_task(self.database.readers.read(wait))
        async with asyncio.timeout(GATE_S):
            await begun.wait()
        try:
            yield
        finally:
            done.set()
            await reading


@asynccontextmanager
async def backend_named(
    name: str, folder: Path, wakeups: RelayedWakeups | None = None
) -> AsyncIterator[Backend]:
    """`wakeups`: how it is woken by what others commit."""
    with _url(name, folder) as url:
        lock = DataFolderLock(folder, shared=name != "sqlite")
        lock.take()
        database = open_database(url, lock, CountedIds("epoch"))
        async with _served(database, folder, OWNER, CountedIds(), SettableClock(), wakeups) as found:
            yield found


@asynccontextmanager
async def another_server(
    backend: Backend, folder: Path, owner: str, wakeups: RelayedWakeups | None = None
) -> AsyncIterator[Backend]:
    """A second process on the same database, as far as a store and a log can tell."""
    url = backend.database.writing.url
    database = Database(
        backend.database.epoch,
        Readers(reading_engine(url, READERS)),
        writing_engine(url),
        DataFolderLock(folder),
    )
    async with _served(database, folder, owner, CountedIds(owner), backend.clock, wakeups) as found:
        yield found


@contextmanager
def _url(name: str, folder: Path) -> Iterator[str]:
    assert name in NAMES
    if name == "sqlite":
        yield f"sqlite:///{folder / 'chat.db'}"
    else:
        with postgres.database() as url:
            yield url


@asynccontextmanager
async def _served(
    database: Database,
    folder: Path,
    owner: str,
    new_id: CountedIds,
    clock: SettableClock,
    wakeups: RelayedWakeups | None,
) -> AsyncIterator[Backend]:
    log = SqlLog(database.epoch, database.readers, wakeups or LocalWakeups())
    if wakeups is not None:
        wakeups.use(log.hear, log.lookout.look_at)
    published: list[Event] = []

    def publish(events: Any, gone: Any) -> None:  # Any: the sequences that `publish` takes
        published.extend(events)
        log.publish(events, gone)
        if wakeups is not None:
            wakeups.publish(events, gone)

    writer = Writer(database.writing, publish)
    log.use(writer)
    store = SqlStore(
        database.readers,
        writer,
        epoch=lambda: log.epoch,
        clock=clock,
        new_id=new_id,
        owner=owner,
        history=HistoryLimits(exchanges=20, chars=64_000),
        served={"rag", "scripted"},
        default_chain="rag",
        per_minute=PER_MINUTE if database.shared else 0,
    )
    notes = SqlNotes(database.readers, writer, clock)
    await writer.start()
    await notes.start()
    await writer.submit(_impatient, durable=False)
    archive = SqlArchive(database.readers, writer, clock=clock)
    locked = (
        partial(postgres_locked, database.writing)
        if database.shared
        else partial(sqlite_locked, folder / "chat.db")
    )
    links = SqlLinks(writer)
    found = Backend(database, writer, log, store, archive, links, notes, clock, new_id, locked, published)
    try:
        yield found
    finally:
        for close in found.users:
            await close()
        await notes.close()
        await writer.close()
        await database.close()


def _impatient(transaction: Transaction) -> None:
    sqlite = transaction.connection.dialect.name == "sqlite"
    setting = f"PRAGMA busy_timeout={BUSY_MS}" if sqlite else f"SET lock_timeout = {LOCK_MS}"
    transaction.connection.exec_driver_sql(setting)


@contextmanager
def sqlite_locked(file: Path) -> Iterator[None]:
    """Somebody else writes for as long as this lasts."""
    rival = sqlite3.connect(file, isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        rival.execute("ROLLBACK")
        rival.close()


@contextmanager
def postgres_locked(engine: Engine) -> Iterator[None]:
    """Somebody else holds all tables that are written, for as long as this lasts."""
    rival = writing_engine(engine.url)
    with rival.connect() as connection:
        names = ", ".join(table.name for table in tables_of("postgresql"))
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
        connection.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
        yield
        connection.rollback()
    rival.dispose()


def _rows(transaction: Transaction) -> bytes:
    """All that the tables hold. What is deleted lies in PostgreSQL's files until its vacuum comes by."""
    names = [table.name for table in tables_of("postgresql") if table is not meta]
    texts = " UNION ALL ".join(f"SELECT CAST({name}.* AS text) FROM {name}" for name in names)
    return "".join(transaction.connection.exec_driver_sql(texts).scalars()).encode()


def _content(engine: Engine) -> bytes:
    """All that the file holds, once nothing of it lies elsewhere."""
    file = Path(str(engine.url.database))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return file.read_bytes()
