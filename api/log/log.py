"""The session log in the SQL database: appended by the group-commit writer, read by anybody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, bindparam, delete, func, select

from api.core.errors import ChatError, Code
from api.core.events import Created, Ended, Event, Piece
from api.core.points import Point, Reach, nowhere
from api.core.records import Position
from api.database.portion import portion
from api.database.prepared import Prepared, Row
from api.database.readers import Readers
from api.database.tables import IS_RUNNING, events, messages, sessions
from api.database.times import to_micros
from api.database.writer import Transaction, Writer
from api.log.appender import SqlAppender
from api.log.hours import drop_hour, missing_hours, open_hour_of, past_hours
from api.log.lookout import Known, Lookout, News
from api.log.rows import LOG_END, TRIMMED, after, load
from api.log.tails import Tails
from api.log.telling import Told
from api.service.ports import Appender, Claim, LogState, Reading, Undo, Wake, Wakeups

READ_EVENTS = 256
READ_CHARS = 128 * 1024
TRIM_SESSIONS = 100

BEFORE_IT_IS_TOLD = {
    Created: Point.BEFORE_ACK,
    Piece: Point.BEFORE_SEND,
    Ended: Point.BEFORE_END_SENT,
}


def nothing() -> None:
    """Nobody has to be woken."""


class SqlLog:
    """Implements `api.service.ports.Log`; `publish` is called with what each commit has added."""

    def __init__(self, epoch: str, readers: Readers, wakeups: Wakeups, reach: Reach = nowhere) -> None:
        self.epoch = epoch
        self._reach = reach
        self._readers = readers
        self._wakeups = wakeups
        self._tails = Tails()
        self._seen: dict[str, int] = {}  # where logs end that are not in memory, by the last look
        self.lookout = Lookout(readers, self)
        self._writer: Writer | None = None

    def use(self, writer: Writer) -> None:
        """The writer publishes to the log and the log writes by it, so one of them comes second."""
        self._writer = writer

    def publish(self, committed: Sequence[Event], gone: Sequence[str] = ()) -> None:
        for event in committed:
            self._reach(BEFORE_IT_IS_TOLD[type(event)])
            self._tails.add(event)
        for session_id in gone:
            self._tails.drop(session_id)
        for session_id in {event.session_id: None for event in committed} | dict.fromkeys(gone):
            self._wakeups.wake(session_id)

    def hear(self, session_id: str, told: Told) -> None:
        """Another server has committed this."""
        if told.all and told.events and self._tails.hear(told.events):
            self._wakeups.wake(session_id)
        else:
            self.lookout.look_at(session_id)

    def begin_anew(self, epoch: str) -> None:
        """The log may have gone back: positions of before mean nothing, and all who follow are told."""
        if epoch != self.epoch:
            self.epoch = epoch
            self._tails.clear()
            self._seen.clear()
            self._in_use.journal.doubt()
            for session_id in self._tails.ends():
                self._wakeups.wake(session_id)

    def followed(self) -> Mapping[str, Known]:
        return {
            session_id: Known(end or self._seen.get(session_id, -1), in_memory=bool(end))
            for session_id, end in self._tails.ends().items()
        }

    def learn(self, news: News) -> None:
        """What another server has committed has been looked up."""
        if news.session_id not in self._tails:
            return  # nobody follows it any more
        self._seen[news.session_id] = news.end
        if not (news.events and self._tails.hear(news.events)):
            self._tails.drop(news.session_id)  # whoever follows it reads the database
        self._wakeups.wake(news.session_id)

    def appender(self, claim: Claim) -> Appender:
        return SqlAppender(self._in_use, claim)

    def recent(self, session_id: str, after: Position) -> Reading | None:
        """From memory, if it reaches back that far."""
        if after.epoch != self.epoch:
            return Reading(lost=True)
        found = self._tails.after(session_id, after.seq)
        return None if found is None else Reading(found)

    async def read(self, session_id: str, after: Position) -> Reading:
        return self.recent(session_id, after) or await self._read_rows(session_id, after.seq)

    async def _read_rows(self, session_id: str, seq: int) -> Reading:
        waiting = self._in_use.journal.of_session(session_id)
        return await self._readers.read(partial(_read_rows, session_id=session_id, seq=seq, waiting=waiting))

    async def state(self, session_id: str, user_id: str | None = None) -> LogState:
        """Where the session's log ends, in one snapshot with what is running there.

        What the journal had before the snapshot has been committed, so the log ends behind that too.
        Raises not_found: where a user is named also if it is not theirs, or was deleted.
        """
        least = self._in_use.journal.end(session_id)
        row = await self._readers.read(partial(_state, session_id=session_id, user_id=user_id))
        if row is None:
            raise ChatError(Code.NOT_FOUND, ids={"session_id": session_id})
        active = None if row.active is None else row.active - 1
        return LogState(Position(self.epoch, max(row.seq, least)), row.trimmed, active)

    def watch(self, session_id: str, wake: Wake) -> Undo:
        """Calls `wake` after every commit to the session, until the returned function is called."""
        self._tails.hold(session_id)
        unwatch = self._wakeups.watch(session_id, wake)

        def undo() -> None:
            unwatch()
            if not self._tails.release(session_id):
                self._seen.pop(session_id, None)

        return undo

    def attend(self, session_id: str) -> Undo:
        """An answer is being written here, until the returned function is called: others may end it."""
        unwatch = self._wakeups.watch(session_id, nothing)

        def undo() -> None:
            unwatch()
            self._tails.rest(session_id)

        return undo

    async def trim(self, ended_before: datetime) -> int:
        """Drops events of answers that ended before that time; returns how many times there was something.

        On SQLite it is all of them, a session at a time; on PostgreSQL the hours that were over then.
        """
        if self._readers.engine.dialect.name == "postgresql":
            return await self._drop_hours(ended_before)
        expired = (
            select(events.c.session_id, func.max(events.c.seq).label("upto"))
            .join(messages, messages.c.id == events.c.message_id)
            .where(events.c.kind == "end", messages.c.completed_at < to_micros(ended_before))
            .group_by(events.c.session_id)
            .limit(TRIM_SESSIONS)
        )
        found = await self._readers.read(lambda connection: connection.execute(expired).all())
        for session_id, upto in found:  # a commit each, so that no running answer waits for all of them
            await self._in_use.submit(partial(_trim, session_id=session_id, upto=upto), durable=False)
        return len(found)

    async def _drop_hours(self, ended_before: datetime) -> int:
        """What is to come is made ready as well, so that no send has to."""
        for hour in await self._readers.read(missing_hours):
            await self._in_use.submit(partial(open_hour_of, hour=hour), durable=False)
        for hour in await self._readers.read(partial(past_hours, ended_before=ended_before)):
            if await self._in_use.submit(partial(drop_hour, hour=hour), durable=False):
                return 1  # the next ones are looked for anew
        return 0

    @property
    def _in_use(self) -> Writer:
        if self._writer is None:
            raise RuntimeError("the log has no writer yet")
        return self._writer


def _state(connection: Connection, session_id: str, user_id: str | None) -> Row | None:
    if user_id is None:
        return _STATE.first(connection, session=session_id)
    return _STATE_OF_USER.first(connection, session=session_id, user=user_id)


def _read_rows(connection: Connection, session_id: str, seq: int, waiting: Sequence[Piece]) -> Reading:
    session = _KEPT.first(connection, session=session_id)
    if session is None:
        return Reading(gone=True)
    if seq < session.trimmed:
        return Reading(lost=True)
    deleted = session.deleted_at is not None
    rows = after(connection, session_id, seq, READ_EVENTS, () if deleted else waiting)
    found, _ = portion(rows, column="body", chars=READ_CHARS)
    return Reading([load(event) for event in found], gone=not found and deleted)


def _trim(transaction: Transaction, session_id: str, upto: int) -> None:
    transaction.journal.lay_down_all()
    of_session = events.c.session_id == session_id
    transaction.connection.execute(delete(events).where(of_session, events.c.seq <= upto))


_this = sessions.c.id == bindparam("session")
_KEPT = Prepared(select(TRIMMED.label("trimmed"), sessions.c.deleted_at).where(_this))
_running = select(func.min(messages.c.created_seq)).where(messages.c.session_id == sessions.c.id, IS_RUNNING)
_state_of = select(
    LOG_END.label("seq"), TRIMMED.label("trimmed"), _running.scalar_subquery().label("active")
).where(_this)
_STATE = Prepared(_state_of)
_STATE_OF_USER = Prepared(
    _state_of.where(sessions.c.user_id == bindparam("user"), sessions.c.deleted_at.is_(None))
)
