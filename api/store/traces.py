"""Reading what is known of a message, for its record."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, select

from api.core.errors import ChatError, Code
from api.core.lifecycle import Role, Status
from api.core.notes import Attempt, Note, Trace, What
from api.database.records import load_problem
from api.database.tables import messages, notes
from api.database.times import from_micros
from api.store.messages import owned_message

MOST_ATTEMPTS = 100

_COLUMNS = [column for column in messages.c if column.name not in {"content", "sources"}]


def read_trace(connection: Connection, user_id: str, session_id: str, message_id: str) -> Trace:
    """An answer with what was noted of it; of a question, all attempts at it. Raises not_found."""
    owned = owned_message(user_id, message_id, session_id).with_only_columns(*_COLUMNS)
    message = connection.execute(owned).one_or_none()
    if message is None:
        raise ChatError(Code.NOT_FOUND, ids={"message_id": message_id})
    asked = message.role == Role.USER
    first = message.number + 1 if asked else message.number
    most = MOST_ATTEMPTS if asked else 1
    question = message.id if asked else message.reply_to
    rows = connection.execute(_from(session_id, first, most + 1)).all()
    answers = list(takewhile(lambda row: row.reply_to == question, rows[:most]))
    after = rows[len(answers) :]
    attempts = [_attempt(row) for row in answers]
    known = _notes_of(connection, session_id, [row.id for row in answers])
    return Trace(attempts, _attempt(after[0]) if after else None, known)


def _from(session_id: str, number: int, limit: int) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .where(messages.c.session_id == session_id, messages.c.number >= number)
        .order_by(messages.c.number)
        .limit(limit)
    )


def _notes_of(connection: Connection, session_id: str, message_ids: Sequence[str]) -> list[Note]:
    """Those of the answers, and those of the session's followers."""
    of_session = select(notes).where(notes.c.session_id == session_id)
    rows = [
        row
        for of in (notes.c.message_id.in_(message_ids), notes.c.message_id.is_(None))
        for row in connection.execute(of_session.where(of))
    ]
    return [_note(row) for row in sorted(rows, key=lambda row: row.id)]


def _note(row: Row[Any]) -> Note:
    return Note(from_micros(row.at), What(row.what), row.message_id, orjson.loads(row.detail))


def _attempt(row: Row[Any]) -> Attempt:
    problem = load_problem(row.error)
    return Attempt(
        message_id=row.id,
        created_at=from_micros(row.created_at),
        created_seq=row.created_seq,
        status=Status(row.status),
        retry_of=row.retry_of,
        completed_at=None if row.completed_at is None else from_micros(row.completed_at),
        ended_seq=row.ended_seq,
        generation_time_ms=row.generation_time_ms,
        code=None if problem is None else problem.code,
        error_id=None if problem is None else problem.error_id,
    )
