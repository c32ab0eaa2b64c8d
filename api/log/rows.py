"""The log's rows: how events get their `seq`, and how they are read back."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, and_, bindparam, exists, func, insert, select, update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import Executable

from api.core.events import PIECE_BYTES, Created, Ended, Event, Piece
from api.core.lifecycle import RUNNING
from api.core.text import cut
from api.database.records import dump_created, dump_ended, load_created, load_ended
from api.database.tables import events, messages, sessions
from api.database.writer import RefusedError, Transaction
from api.service.ports import Claim, ClaimLostError


class FencedError(ClaimLostError, RefusedError):
    """The claim's answer has ended or has a new owner; nothing was written."""


def next_seq(connection: Connection, session_id: str, count: int = 1) -> int:
    """Takes `count` numbers from the session's row and returns the first of them."""
    statement = (
        update(sessions)
        .where(sessions.c.id == session_id)
        .values(seq=sessions.c.seq + count)
        .returning(sessions.c.seq)
    )
    return int(connection.execute(statement).scalar_one()) - count + 1


def add_created(transaction: Transaction, event: Created) -> None:
    _add(transaction, event, "message", 0, dump_created(event.message))


def add_ended(transaction: Transaction, event: Ended) -> None:
    _add(transaction, event, "end", event.length, dump_ended(event))


def add_pieces(transaction: Transaction, claim: Claim, at: int, text: str) -> None:
    """Appends `text`, whose first code point is number `at` of the answer, if the claim still holds.

    Of a commit that failed nobody knows whether it was made after all. So what of `text` is there already is
    left out: it was appended by an earlier try.
    """
    connection = transaction.connection
    pieces = list(cut(text, PIECE_BYTES))
    seq = _claimed_seq(connection, claim, at, len(pieces))
    if seq is None:
        have = _length_if_held(connection, claim)
        if have is None or not at < have <= at + len(text):
            raise FencedError(claim.message_id)
        if rest := text[have - at :]:
            add_pieces(transaction, claim, have, rest)
        return
    if at == 0:
        _run(connection, _BEGIN_STREAMING, {"message": claim.message_id})
    for offset, content in enumerate(pieces):
        event = Piece(claim.session_id, seq + offset, claim.message_id, at, content)
        _run(connection, _INSERT, _row(event, "piece", at, content))
        transaction.events.append(event)
        at += len(content)


def _claimed_seq(connection: Connection, claim: Claim, at: int, count: int) -> int | None:
    """Takes `count` numbers, if the claim holds and the answer is `at` code points long."""
    row = _run(connection, _CLAIM, {"count": count, "at": at, **_named(claim)}).fetchone()
    return None if row is None else int(row[0]) - count + 1


def _length_if_held(connection: Connection, claim: Claim) -> int | None:
    """How long the answer is by now, if the claim holds."""
    row = _run(connection, _HELD, _named(claim)).fetchone()
    return None if row is None else int(row[0])


def _named(claim: Claim) -> dict[str, str]:
    return {"session": claim.session_id, "message": claim.message_id, "fence": claim.fence}


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

# A piece is the only thing that is written for every token, so its statements are compiled once and
# go to the driver as they are.
_IS_HELD = and_(
    sessions.c.id == bindparam("session"),
    exists().where(
        messages.c.id == bindparam("message"),
        messages.c.fence == bindparam("fence"),
        messages.c.status.in_([bindparam(f"running{i}", value.value) for i, value in enumerate(RUNNING)]),
    ),
)
# While an answer runs nothing else happens in its session, so the log's last event is its last piece, if any.
_LENGTH = func.coalesce(
    select(events.c.at + func.length(events.c.body))
    .where(
        events.c.session_id == sessions.c.id,
        events.c.seq == sessions.c.seq,
        events.c.message_id == bindparam("message"),
        events.c.kind == "piece",
    )
    .correlate(sessions)
    .scalar_subquery(),
    0,
)
_HELD = select(_LENGTH).where(_IS_HELD)
_CLAIM = (
    update(sessions)
    .where(_IS_HELD, bindparam("at", type_=Integer) == _LENGTH)
    .values(seq=sessions.c.seq + bindparam("count"))
    .returning(sessions.c.seq)
)
_BEGIN_STREAMING = update(messages).where(messages.c.id == bindparam("message")).values(status="streaming")
_INSERT = insert(events).values({column.name: bindparam(column.name) for column in events.columns})


@lru_cache(maxsize=16)
def _compiled(statement: Executable, dialect: Dialect) -> tuple[str, Sequence[str], dict[str, Any]]:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every statement here compiles
    return str(compiled), compiled.positiontup or (), compiled.params


def _run(connection: Connection, statement: Executable, values: dict[str, Any]) -> Any:  # a driver's cursor
    sql, order, defaults = _compiled(statement, connection.dialect)
    return connection.exec_driver_sql(sql, tuple(values.get(name, defaults.get(name)) for name in order))
