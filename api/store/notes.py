"""Notes of what happened: in memory for a moment, then written by the group-commit writer, many at once."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

import structlog
from sqlalchemy import bindparam, delete, insert, select

from api.core.errors import ChatError
from api.core.notes import Trace, What
from api.core.records import JSON
from api.database.readers import Readers
from api.database.records import dump_json
from api.database.tables import messages, notes, sessions
from api.database.times import to_micros
from api.database.writer import Transaction, Writer
from api.service.ports import Clock
from api.store.traces import read_trace

log = structlog.get_logger()

SOON_S = 0.1
RETRY_S = 1.0
AT_ONCE = 200
"""So many notes go into one commit: no piece of an answer waits long behind them."""
MOST_WAITING = 10_000
READER_S = 0.5
"""So long whoever asks for a record waits for the newest notes; then it is told without them."""
MOST_OF_FOLLOWERS = 500
"""Of the followers of a session the newest notes are kept; those of an answer are few by themselves."""
AGED_AT_ONCE = 1_000

_Row: TypeAlias = dict[str, Any]  # what the columns hold


class SqlNotes:
    """Implements `api.service.ports.Notes`. `lost` counts what could not be kept."""

    def __init__(self, readers: Readers, writer: Writer, clock: Clock) -> None:
        self._readers = readers
        self._writer = writer
        self._clock = clock
        self._waiting: deque[_Row] = deque()
        self._noted = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.lost = 0

    async def start(self) -> None:
        self._task = asyncio.create_task(self._forever(), name="notes")

    async def close(self) -> None:
        """Writes what waits, if it can. The writer must still run."""
        async with self._writing:  # never between two steps of a write
            if self._task is not None:
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await self._task
        await self.flushed()
        if self._waiting:
            self.lost += len(self._waiting)
            log.warning("notes lost at the end", count=len(self._waiting))

    def note(
        self,
        what: What,
        detail: Mapping[str, JSON] | None = None,
        *,
        message_id: str | None = None,
        session_id: str | None = None,
        at: datetime | None = None,
    ) -> None:
        row = {
            "of": message_id or session_id,
            "own": message_id is not None,
            "at": to_micros(at or self._clock()),
            "what": what.value,
            "detail": dump_json(detail or {}),
        }
        self._waiting.append(row)
        self._keep_bounded()
        self._noted.set()

    def _keep_bounded(self) -> None:
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.lost += 1

    async def _forever(self) -> None:
        while True:
            await self._noted.wait()
            await asyncio.sleep(SOON_S)  # what comes meanwhile goes into the same commit
            self._noted.clear()
            async with self._writing:
                written = await self._write_some()
            if self._waiting:
                self._noted.set()
            if not written:
                await asyncio.sleep(RETRY_S)

    async def flushed(self) -> None:
        """Waits until what was noted before is written, unless the database is away.

        Whoever is cancelled meanwhile leaves at once, and breaks nothing off.
        """
        await asyncio.shield(asyncio.ensure_future(self._flush()))

    async def _flush(self) -> None:
        async with self._writing:
            left = len(self._waiting)
            while left > 0 and (written := await self._write_some()):
                left -= written

    async def _write_some(self) -> int:
        """Writes the oldest notes; returns how many, 0 if there are none or they have to wait."""
        batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        if not batch:
            return 0
        try:
            await self._writer.submit(partial(_add, rows=batch), durable=False)
        except ChatError:
            self._waiting.extendleft(reversed(batch))
            self._keep_bounded()
            return 0
        except Exception as error:  # noqa: BLE001 - nothing may depend on a note
            self.lost += len(batch)
            log.error("notes refused", count=len(batch), error=type(error).__name__)
        return len(batch)

    async def trace(self, user_id: str, session_id: str, message_id: str) -> Trace:
        with suppress(TimeoutError):
            async with asyncio.timeout(READER_S):
                await self.flushed()
        return await self._readers.read(
            lambda connection: read_trace(connection, user_id, session_id, message_id)
        )

    async def age(self, before: datetime) -> int:
        """Erases what was noted before that time, a commit after the other; returns how many there were."""
        aged = 0
        while True:
            count = await self._writer.submit(partial(_age, before=to_micros(before)), durable=False)
            aged += count
            if count < AGED_AT_ONCE:
                return aged


def _add(transaction: Transaction, rows: Sequence[_Row]) -> None:
    """Of what has been deleted meanwhile nothing is kept."""
    of_answers = [row for row in rows if row["own"]]
    of_followers = [row for row in rows if not row["own"]]
    if of_answers:
        transaction.connection.execute(_OF_ANSWER, of_answers)
    if of_followers:
        transaction.connection.execute(_OF_SESSION, of_followers)
        followed = dict.fromkeys(row["of"] for row in of_followers)
        transaction.connection.execute(_TRIM, [{"session": session_id} for session_id in followed])


def _age(transaction: Transaction, before: int) -> int:
    old = select(notes.c.id).where(notes.c.at < before).order_by(notes.c.at).limit(AGED_AT_ONCE)
    return transaction.connection.execute(delete(notes).where(notes.c.id.in_(old))).rowcount


_NAMES = ["session_id", "message_id", "at", "what", "detail"]
_VALUES = [bindparam(name, type_=notes.c[name].type) for name in ("at", "what", "detail")]
_OF_ANSWER = insert(notes).from_select(
    _NAMES,
    select(messages.c.session_id, messages.c.id, *_VALUES)
    .join(sessions, sessions.c.id == messages.c.session_id)
    .where(messages.c.id == bindparam("of"), sessions.c.deleted_at.is_(None)),
)
_OF_SESSION = insert(notes).from_select(
    [name for name in _NAMES if name != "message_id"],
    select(sessions.c.id, *_VALUES).where(sessions.c.id == bindparam("of"), sessions.c.deleted_at.is_(None)),
)
_too_old = (
    select(notes.c.id)
    .where(notes.c.session_id == bindparam("session"), notes.c.message_id.is_(None))
    .order_by(notes.c.at.desc(), notes.c.id.desc())
    .offset(MOST_OF_FOLLOWERS)
)
_TRIM = delete(notes).where(notes.c.id.in_(_too_old))
