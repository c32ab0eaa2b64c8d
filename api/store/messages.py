"""Reading messages: keyset pages by index, single ones, and what a chain is told of the past."""

from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.core.records import Message, Position
from api.database.tables import messages, sessions
from api.service.ports import Page
from api.store.ending import text_so_far
from api.store.rows import to_message
from api.store.sessions import owned, require

LOOKED_BACK = 10_000
"""Among so many messages the past is looked for; those that a chain is not told of may lie between."""

_TOLD = [Status.COMPLETE.value, Status.CANCELLED.value]


async def read_page(
    connection: AsyncConnection, user_id: str, session_id: str, limit: int, before: str | None, epoch: str
) -> Page:
    """One page in one snapshot: position, rows, and the text so far of a running answer agree."""
    session = require((await connection.execute(owned(user_id, session_id))).one_or_none(), session_id)
    statement = _newest_first(session_id, limit + 1)
    if before is not None:
        statement = statement.where(messages.c.number < await _index_of(connection, session_id, before))
    rows = (await connection.execute(statement)).all()
    found = [await _with_text(connection, row) for row in reversed(rows[:limit])]
    return Page(found, len(rows) > limit, Position(epoch, session.seq))


async def read_message(
    connection: AsyncConnection, user_id: str, message_id: str, session_id: str | None
) -> Message:
    statement = (
        select(messages)
        .join(sessions, sessions.c.id == messages.c.session_id)
        .where(
            messages.c.id == message_id,
            sessions.c.user_id == user_id,
            sessions.c.deleted_at.is_(None),
        )
    )
    if session_id is not None:
        statement = statement.where(messages.c.session_id == session_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise ChatError(Code.NOT_FOUND, ids={"message_id": message_id})
    return await _with_text(connection, row)


async def read_history(
    connection: AsyncConnection, session_id: str, before_index: int, limit: int
) -> list[tuple[str, str]]:
    """The newest `limit` exchanges before an index, oldest first; see `api.service.ports.Store`."""
    rows = (await connection.execute(_exchanges(session_id, before_index, limit))).all()
    return [(row.question, row.answer) for row in reversed(rows)]


def _exchanges(session_id: str, before_index: int, limit: int) -> Select[Any]:
    """Walks from the newest answer back, over those that are not told.

    Of several attempts at a question the last is shown. Only a session's newest answer can be tried again, so
    the message after a replaced attempt is the next attempt, and no more has to be looked at.
    """
    question, answer = messages.alias("question"), messages.alias("answer")
    following = messages.alias("following")
    next_reply_to = (
        select(following.c.reply_to)
        .where(following.c.session_id == session_id, following.c.number > answer.c.number)
        .order_by(following.c.number)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(question.c.content.label("question"), answer.c.content.label("answer"))
        .join_from(answer, question, question.c.id == answer.c.reply_to)
        .where(
            answer.c.session_id == session_id,
            answer.c.number < before_index,
            answer.c.number >= before_index - LOOKED_BACK,
            answer.c.status.in_(_TOLD),
            answer.c.content != "",
            next_reply_to.is_distinct_from(answer.c.reply_to),
        )
        .order_by(answer.c.number.desc())
        .limit(limit)
    )


def _newest_first(session_id: str, limit: int) -> Select[Any]:
    return (
        select(messages)
        .where(messages.c.session_id == session_id)
        .order_by(messages.c.number.desc())
        .limit(limit)
    )


async def _index_of(connection: AsyncConnection, session_id: str, message_id: str) -> int:
    statement = select(messages.c.number).where(
        messages.c.id == message_id, messages.c.session_id == session_id
    )
    index = (await connection.execute(statement)).scalar_one_or_none()
    if index is None:
        raise ChatError(Code.NOT_FOUND, ids={"message_id": message_id})
    return int(index)


async def _with_text(connection: AsyncConnection, row: Row[Any]) -> Message:
    if Status(row.status).terminal:
        return to_message(row)
    return to_message(row, "".join((await connection.execute(text_so_far(row))).scalars()))
