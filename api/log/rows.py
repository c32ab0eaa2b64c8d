"""The log's rows: how events get their `seq`, and how they are read back."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, insert, select, update

from api.core.events import Created, Ended, Event, Piece
from api.database.records import dump_created, dump_ended, load_created, load_ended
from api.database.tables import events, sessions
from api.database.writer import Transaction

_last = select(func.max(events.c.seq)).where(events.c.session_id == sessions.c.id)
LOG_END: ColumnElement[int] = case(
    (_last.scalar_subquery() > sessions.c.seq, _last.scalar_subquery()), else_=sessions.c.seq
)
"""The number of a session's last event, in a statement on `sessions`.

A row of `sessions` has it as it was when the newest message began or ended; the pieces of an answer that runs
come after that, and touch no row but their own. Old events are gone, so they do not tell it alone.
"""


def next_seq(connection: Connection, session_id: str, count: int = 1) -> int:
    """Takes `count` numbers of the session's log and returns the first of them."""
    statement = (
        update(sessions)
        .where(sessions.c.id == session_id)
        .values(seq=LOG_END + count)
        .returning(sessions.c.seq)
    )
    return int(connection.execute(statement).scalar_one()) - count + 1


def add_created(transaction: Transaction, event: Created) -> None:
    _add(transaction, event, "message", 0, dump_created(event.message))


def add_ended(transaction: Transaction, event: Ended) -> None:
    _add(transaction, event, "end", event.length, dump_ended(event))


def _add(transaction: Transaction, event: Created | Ended, kind: str, at: int, body: str) -> None:
    transaction.connection.execute(insert(events), _row(event, kind, at, body))
    transaction.events.append(event)


def _row(event: Event, kind: str, at: int, body: str) -> dict[str, Any]:
    return {
        "session_id": event.session_id,
        "seq": event.seq,
        "kind": kind,
        "message_id": event.message_id,
        "at": at,
        "body": body,
    }


def after(session_id: str, seq: int, limit: int) -> Select[Any]:
    """The next `limit` events after `seq`, in order."""
    return (
        select(events)
        .where(events.c.session_id == session_id, events.c.seq > seq)
        .order_by(events.c.seq)
        .limit(limit)
    )


def load(row: Row[Any]) -> Event:
    return _LOADERS[row.kind](row)


_LOADERS: dict[str, Callable[[Row[Any]], Event]] = {
    "message": lambda row: load_created(row.session_id, row.seq, row.body),
    "piece": lambda row: Piece(row.session_id, row.seq, row.message_id, row.at, row.body),
    "end": lambda row: load_ended(row.session_id, row.seq, row.message_id, row.body),
}
