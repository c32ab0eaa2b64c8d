"""Ending an answer: its text, its status and its terminal event, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from api.core.events import Ended
from api.core.lifecycle import Status, move
from api.core.text import checksum
from api.database.records import dump_json, dump_problem
from api.database.tables import events, messages, owners, sessions
from api.database.times import to_micros
from api.database.writer import Transaction
from api.log.rows import add_ended, next_seq
from api.service.ports import Ending, Outcome
from api.store.rows import preview, to_session
from api.store.search import add_words


def text_so_far(row: Row[Any]) -> Select[Any]:
    """The pieces of a running answer, in order; what followers have been shown is exactly this."""
    return (
        select(events.c.body)
        .where(
            events.c.session_id == row.session_id,
            events.c.seq > row.created_seq,
            events.c.message_id == row.id,
            events.c.kind == "piece",
        )
        .order_by(events.c.seq)
    )


@dataclass(frozen=True)
class Finish:
    """The first to end an answer wins; whoever comes later is told how it stands."""

    ending: Ending
    now: datetime

    def __call__(self, transaction: Transaction) -> Outcome:
        connection = transaction.connection
        row = connection.execute(select(messages).where(messages.c.id == self.ending.message_id)).one()
        status = Status(row.status)
        if status.terminal or self.ending.fence not in {None, row.fence} or self._renewed(connection, row):
            return Outcome(status)
        return self.end(transaction, row)

    def _renewed(self, connection: Connection, row: Row[Any]) -> bool:
        """Whether the lease is no longer as it was when it was found lost."""
        lease = self.ending.lease
        if lease is None:
            return False
        beat = connection.execute(select(owners.c.beat).where(owners.c.id == row.owner)).scalar()
        return (row.owner, beat) != (lease.owner, lease.beat)

    def end(self, transaction: Transaction, row: Row[Any]) -> Outcome:
        connection = transaction.connection
        text = "".join(connection.execute(text_so_far(row)).scalars())
        event = self._event(row, next_seq(connection, row.session_id), text)
        connection.execute(
            update(messages)
            .where(messages.c.id == row.id)
            .values(
                status=move(Status(row.status), event.status),
                content=text,
                sources=dump_json(event.sources) if event.sources else None,
                confidence=event.confidence,
                generation_time_ms=event.generation_time_ms,
                error=dump_problem(event.error),
                completed_at=to_micros(self.now),
                ended_seq=event.seq,
                fence=None,
            )
        )
        add_ended(transaction, event)
        session = _touch(connection, row.session_id, text, self.now)
        add_words(connection, session.user_id, row.id, text)
        return Outcome(event.status, event, to_session(session))

    def _event(self, row: Row[Any], seq: int, text: str) -> Ended:
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


def _touch(connection: Connection, session_id: str, text: str, now: datetime) -> Row[Any]:
    changes: dict[str, Any] = {"revision": sessions.c.revision + 1, "updated_at": to_micros(now)}
    if text.strip():
        changes["last_message_preview"] = preview(text)
    touched = update(sessions).where(sessions.c.id == session_id).values(changes).returning(sessions)
    return connection.execute(touched).one()
