"""Reading messages: keyset pages by index, single ones, and what a chain is told of the past."""

from typing import Any

from sqlalchemy import Connection, Row, Select, exists, select

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.core.records import Message, Position
from api.database.portion import portion
from api.database.tables import messages, sessions
from api.log.rows import LOG_END
from api.service.ports import Page
from api.store.ending import text_so_far
from api.store.rows import to_message
from api.store.sessions import owned, require

PAGE_CHARS = 4 * 1024 * 1024
READ_ROWS = 32
LOOKED_BACK = 10_000
"""Among so many messages the past is looked for; those that a chain is not told of may lie between."""

_question = messages.alias("question")  # made once: each use of a new one costs more than the query
_retry = messages.alias("retry")
SHOWN = ~exists().where(_retry.c.retry_of == messages.c.id)
"""Of several attempts at a question the last is shown, and each but the last has a direct successor."""

_TOLD = [Status.COMPLETE.value, Status.CANCELLED.value]


def owned_message(user_id: str, message_id: str, session_id: str | None) -> Select[Any]:
    """The message if it is this user's (and in that session) and its session is still there."""
    statement = (
        select(messages)
        .join(sessions, sessions.c.id == messages.c.session_id)
        .where(
            messages.c.id == message_id,
            sessions.c.user_id == user_id,
            sessions.c.deleted_at.is_(None),
        )
    )
    return statement if session_id is None else statement.where(messages.c.session_id == session_id)


def read_page(
    connection: Connection,
    user_id: str,
    session_id: str,
    limit: int,
    before: str | None,
    epoch: str,
    *,
    superseded: bool,
) -> Page:
    """One page in one snapshot: position, rows, and the text so far of a running answer agree.

    Its text has a bound too, so that a page may have fewer rows than were asked for, and there is more.
    """
    session = owned(user_id, session_id).add_columns(LOG_END.label("end"))
    end = require(connection.execute(session).one_or_none(), session_id).end
    statement = _newest_first(session_id, limit + 1)
    if not superseded:
        statement = statement.where(SHOWN)
    if before is not None:
        statement = statement.where(messages.c.number < _index_of(connection, session_id, before))
    rows, cut = portion(connection, statement, column="content", chars=PAGE_CHARS, at_once=READ_ROWS)
    found = [with_text(connection, row) for row in reversed(rows[:limit])]
    return Page(found, cut or len(rows) > limit, Position(epoch, end))


def read_message(connection: Connection, user_id: str, message_id: str, session_id: str | None) -> Message:
    found = owned_message(user_id, message_id, session_id)
    row = connection.execute(found).one_or_none()
    if row is None:
        raise ChatError(Code.NOT_FOUND, ids={"message_id": message_id})
    return with_text(connection, row)


def read_history(
    connection: Connection, session_id: str, before_index: int, limit: int
) -> list[tuple[str, str]]:
    """The newest `limit` exchanges before an index, oldest first; see `api.service.ports.Store`."""
    rows = connection.execute(_exchanges(session_id, before_index, limit)).all()
    return [(row.question, row.answer) for row in reversed(rows)]


def _exchanges(session_id: str, before_index: int, limit: int) -> Select[Any]:
    """Walks from the newest answer back, over those that are not told."""
    return (
        select(_question.c.content.label("question"), messages.c.content.label("answer"))
        .join_from(messages, _question, _question.c.id == messages.c.reply_to)
        .where(
            messages.c.session_id == session_id,
            messages.c.number < before_index,
            messages.c.number >= before_index - LOOKED_BACK,
            messages.c.status.in_(_TOLD),
            messages.c.content != "",
            SHOWN,
        )
        .order_by(messages.c.number.desc())
        .limit(limit)
    )


def _newest_first(session_id: str, limit: int) -> Select[Any]:
    return (
        select(messages)
        .where(messages.c.session_id == session_id)
        .order_by(messages.c.number.desc())
        .limit(limit)
    )


def _index_of(connection: Connection, session_id: str, message_id: str) -> int:
    statement = select(messages.c.number).where(
        messages.c.id == message_id, messages.c.session_id == session_id
    )
    index = connection.execute(statement).scalar_one_or_none()
    if index is None:
        raise ChatError(Code.NOT_FOUND, ids={"message_id": message_id})
    return int(index)


def with_text(connection: Connection, row: Row[Any]) -> Message:
    if Status(row.status).terminal:
        return to_message(row)
    return to_message(row, "".join(connection.execute(text_so_far(row)).scalars()))
