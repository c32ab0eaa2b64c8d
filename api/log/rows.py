"""The log's rows: how events get their `seq`, and how they are read back."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from types import SimpleNamespace

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, case, func, select

from api.core.events import Created, Ended, Event, Piece
from api.database.prepared import Prepared, Row, Values, inserting
from api.database.records import dump_created, dump_ended, load_created, load_ended
from api.database.tables import events, sessions
from api.database.writer import Transaction

_last = select(func.max(events.c.seq)).where(events.c.session_id == sessions.c.id)
LOG_END: ColumnElement[int] = case(
    (_last.scalar_subquery() > sessions.c.seq, _last.scalar_subquery()), else_=sessions.c.seq
)
"""The number of a session's last event, in a statement on `sessions`.

A row of `sessions` has it as it was when the newest message began or ended; the pieces of an answer that runs
come after that, and touch no row but their own. Old events are gone, so they do not tell it alone. What is
still in the journal comes after that again.
"""
_first = select(func.min(events.c.seq)).where(events.c.session_id == sessions.c.id)
TRIMMED: ColumnElement[int] = func.coalesce(_first.scalar_subquery() - 1, sessions.c.seq)
"""The number of the last event that is no longer there, 0 if all are. A running answer loses none."""


def add_created(transaction: Transaction, created: Sequence[Created], hour: int) -> None:
    _EVENT.do_each(transaction.connection, [as_row(event, hour) for event in created])
    transaction.events += created


def add_ended(transaction: Transaction, event: Ended, hour: int) -> None:
    _EVENT.do(transaction.connection, **as_row(event, hour))
    transaction.events.append(event)


def add_pieces(transaction: Transaction, pieces: Sequence[Piece], hour: int) -> None:
    _EVENT.do_each(transaction.connection, [as_row(piece, hour) for piece in pieces])
    transaction.events += pieces


def as_row(event: Event, hour: int = 0) -> Values:
    kind, at, body = _columns(event)
    return {
        "session_id": event.session_id,
        "seq": event.seq,
        "kind": kind,
        "message_id": event.message_id,
        "at": at,
        "body": body,
        "hour": hour,
    }


def _columns(event: Event) -> tuple[str, int, str]:
    if isinstance(event, Piece):
        return "piece", event.at, event.content
    if isinstance(event, Created):
        return "message", 0, dump_created(event.message)
    return "end", event.length, dump_ended(event)


def load(row: Row) -> Event:
    return _LOADERS[row.kind](row)


_LOADERS: dict[str, Callable[[Row], Event]] = {
    "message": lambda row: load_created(row.session_id, row.seq, row.body),
    "piece": lambda row: Piece(row.session_id, row.seq, row.message_id, row.at, row.body),
    "end": lambda row: load_ended(row.session_id, row.seq, row.message_id, row.body),
}


def after(
    connection: Connection, session_id: str, seq: int, limit: int, waiting: Sequence[Piece]
) -> Generator[Row]:
    """The next events after `seq`, in order.

    `waiting`: what the journal had of the session before this connection began to read.
    """
    with closing(AFTER.each(connection, session=session_id, seq=seq, limit=limit)) as rows:
        for row in rows:
            yield row
            seq, limit = row.seq, limit - 1
    for piece in [piece for piece in waiting if piece.seq > seq][:limit]:
        yield SimpleNamespace(**as_row(piece))


_EVENT = Prepared(inserting(events))
AFTER = Prepared(
    select(events)
    .where(events.c.session_id == bindparam("session"), events.c.seq > bindparam("seq"))
    .order_by(events.c.seq)
    .limit(bindparam("limit", type_=Integer)),
    step=128,
)
