"""Ending an answer: its text, its status and its terminal event, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, literal_column, select, update
from sqlalchemy.exc import NoResultFound

from api.core.events import Ended, Piece
from api.core.lifecycle import Status, move
from api.core.text import checksum
from api.database.conflict import ConflictError
from api.database.locks import hold_answer
from api.database.prepared import Prepared, Row
from api.database.records import dump_json, dump_problem
from api.database.tables import IS_RUNNING, events, messages, owners, sessions
from api.database.times import to_micros
from api.database.writer import Transaction
from api.log.rows import add_ended
from api.service.ports import Ending
from api.service.requests import Outcome
from api.store.indexing import index_later
from api.store.rows import preview, to_session


def text_so_far(connection: Connection, row: Row, waiting: Sequence[Piece] = ()) -> str:
    """The pieces of a running answer; what followers have been shown is exactly this.

    `waiting`: what the journal had of its session before whoever reads has looked into the database.
    """
    text, last = _laid_down(connection, row)
    later = [piece.content for piece in waiting if piece.seq > last and piece.message_id == row.id]
    return "".join([text, *later])


def _laid_down(connection: Connection, row: Row) -> tuple[str, int]:
    """An answer's text by its events, and the number of the last of these."""
    pieces = _PIECES.all(connection, session=row.session_id, message=row.id, created=row.created_seq)
    return "".join([piece.body for piece in pieces]), pieces[-1].seq if pieces else row.created_seq


@dataclass(frozen=True)
class Finish:
    """The first to end an answer wins; whoever comes later is told how it stands."""

    ending: Ending
    now: datetime

    def __call__(self, transaction: Transaction) -> Outcome:
        hold_answer(transaction.connection, self.ending.message_id)
        row = _STANDING.first(transaction.connection, message=self.ending.message_id)
        if row is None:
            raise NoResultFound(self.ending.message_id)
        status = Status(row.status)
        if status.terminal or self.ending.fence not in {None, row.fence} or self._renewed(row):
            return Outcome(status)
        return self.end(transaction, row)

    def _renewed(self, row: Row) -> bool:
        """Whether the lease is no longer as it was when it was found lost."""
        lease = self.ending.lease
        return lease is not None and (row.owner, row.beat) != (lease.owner, lease.beat)

    def end(self, transaction: Transaction, row: Row) -> Outcome:
        """Ends an answer whose session is held.

        The end comes directly after the text that goes into the message. If a piece has been added that this
        transaction has not seen, its number is taken, which the table refuses.
        """
        connection = transaction.connection
        transaction.journal.lay_down(row.session_id)
        text, last = _laid_down(connection, row)
        session = _touched(connection, row.session_id, last + 1, text, self.now)
        event = self._event(row, session.seq, text)
        ended = _END.do(
            connection,
            message=row.id,
            status=move(Status(row.status), event.status).value,
            content=text,
            sources=dump_json(event.sources) if event.sources else None,
            confidence=event.confidence,
            time=event.generation_time_ms,
            error=dump_problem(event.error),
            now=to_micros(self.now),
            seq=event.seq,
        )
        if not ended:
            raise ConflictError("somebody else has ended this answer")
        add_ended(transaction, event, session.hour)
        index_later(connection, session.user_id, row.id, text)
        return Outcome(event.status, event, to_session(session))

    def _event(self, row: Row, seq: int, text: str) -> Ended:
        return Ended(
            session_id=row.session_id,
            seq=seq,
            message_id=row.id,
            status=self.ending.status,
            length=len(text),
            crc32=checksum(text),
            sources=tuple(self.ending.sources),
            confidence=self.ending.confidence,
            generation_time_ms=max(0, (to_micros(self.now) - row.created_at) // 1000),
            error=self.ending.error,
            completed_at=self.now,
        )


def _touched(connection: Connection, session_id: str, seq: int, text: str, now: datetime) -> Row:
    """The session, with one event more; an answer without words leaves what is shown of it as it was."""
    shown = preview(text) if text.strip() else None
    return _TOUCHED.first(connection, session=session_id, seq=seq, now=to_micros(now), preview=shown)


_STANDING = Prepared(
    select(
        *(messages.c.id, messages.c.session_id, messages.c.status, messages.c.fence, messages.c.owner),
        *(messages.c.created_at, messages.c.created_seq, owners.c.beat),
    )
    .outerjoin(owners, owners.c.id == messages.c.owner)
    .where(messages.c.id == bindparam("message"))
)
_PIECES = Prepared(
    select(events.c.seq, events.c.body)
    .where(
        events.c.session_id == bindparam("session"),
        events.c.seq > bindparam("created"),
        events.c.message_id == bindparam("message"),
        events.c.kind == literal_column("'piece'"),
    )
    .order_by(events.c.seq)
)
_TOUCHED = Prepared(
    update(sessions)
    .where(sessions.c.id == bindparam("session"))
    .values(
        seq=bindparam("seq"),
        revision=sessions.c.revision + 1,
        updated_at=bindparam("now"),
        last_message_preview=func.coalesce(bindparam("preview"), sessions.c.last_message_preview),
    )
    .returning(sessions)
)
_END = Prepared(
    update(messages)
    .where(messages.c.id == bindparam("message"), IS_RUNNING)
    .values(
        status=bindparam("status"),
        content=bindparam("content"),
        sources=bindparam("sources"),
        confidence=bindparam("confidence"),
        generation_time_ms=bindparam("time"),
        error=bindparam("error"),
        completed_at=bindparam("now"),
        ended_seq=bindparam("seq"),
        fence=None,
    )
)
