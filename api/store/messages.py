"""Reading messages: keyset pages by index, single ones, and what a chain is told of the past."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, exists, literal_column, select

from api.core.errors import ChatError, Code
from api.core.events import Piece
from api.core.history import HistoryLimits, exchanges
from api.core.lifecycle import Status
from api.core.records import Message, Position
from api.database.portion import portion
from api.database.prepared import Prepared, Row
from api.database.tables import messages, sessions, status_is_of
from api.log.rows import LOG_END
from api.service.ports import Page
from api.store.ending import text_so_far
from api.store.rows import to_message
from api.store.sessions import require

PAGE_CHARS = 4 * 1024 * 1024
NO_NUMBER = 2**31 - 1
"""Above that of every message."""
LOOKED_BACK = 10_000
"""Among so many messages the past is looked for; those that a chain is not told of may lie between."""

_question = messages.alias("question")  # made once: each use of a new one costs more than the query
_retry = messages.alias("retry")
SHOWN = ~exists().where(_retry.c.retry_of == messages.c.id)
"""Of several attempts at a question the last is shown, and each but the last has a direct successor."""


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
    waiting: Sequence[Piece],
) -> Page:
    """One page in one snapshot: position, rows, and the text so far of a running answer agree.

    `waiting`: what the journal had of the session before; it is behind what the snapshot has, or part of it.
    Its text has a bound too, so that a page may have fewer rows than were asked for, and there is more.
    """
    session = _PAGED.first(connection, session=session_id, user=user_id, before=before)
    place = require(session, session_id)
    if before is not None and place.before is None:
        raise ChatError(Code.NOT_FOUND, ids={"message_id": before})
    page = _ALL_BEFORE if superseded else _SHOWN_BEFORE
    number = NO_NUMBER if before is None else place.before
    rows = page.each(connection, session=session_id, before=number, limit=limit + 1)
    found, cut = portion(rows, column="content", chars=PAGE_CHARS)
    shown = [with_text(connection, row, waiting) for row in reversed(found[:limit])]
    end = max(place.end, waiting[-1].seq if waiting else 0)
    return Page(shown, cut or len(found) > limit, Position(epoch, end))


def read_message(
    connection: Connection,
    user_id: str,
    message_id: str,
    session_id: str | None,
    waiting: Sequence[Piece],
) -> Message:
    found = owned_message(user_id, message_id, session_id)
    row = connection.execute(found).one_or_none()
    if row is None:
        raise ChatError(Code.NOT_FOUND, ids={"message_id": message_id})
    return with_text(connection, row, waiting)


def read_history(
    connection: Connection, session_id: str, before_index: int, limits: HistoryLimits
) -> list[tuple[str, str]]:
    """The newest exchanges before an index, oldest first: a question, and the answer shown for it.

    Only answers that are complete, or were cancelled with some text, are among them.
    """
    if before_index <= 1 or limits.exchanges <= 0:  # there is none
        return []
    oldest, limit = before_index - LOOKED_BACK, limits.exchanges
    rows = _EXCHANGES.each(connection, session=session_id, before=before_index, oldest=oldest, limit=limit)
    with closing(rows):
        return exchanges(((row.question, row.answer) for row in rows), limits.chars)


def with_text(connection: Connection, row: Row, waiting: Sequence[Piece]) -> Message:
    if Status(row.status).terminal:
        return to_message(row)
    return to_message(row, text_so_far(connection, row, waiting))


_of_session = messages.c.session_id == bindparam("session")
_place = select(messages.c.number).where(messages.c.id == bindparam("before"), _of_session)
_PAGED = Prepared(
    select(LOG_END.label("end"), _place.scalar_subquery().label("before")).where(
        sessions.c.id == bindparam("session"),
        sessions.c.user_id == bindparam("user"),
        sessions.c.deleted_at.is_(None),
    )
)
_before = (
    select(messages)
    .where(_of_session, messages.c.number < bindparam("before"))
    .order_by(messages.c.number.desc())
    .limit(bindparam("limit", type_=Integer))
)
_ALL_BEFORE = Prepared(_before)
_SHOWN_BEFORE = Prepared(_before.where(SHOWN))
# Walks from the newest answer back, over those that are not told.
_EXCHANGES = Prepared(
    select(_question.c.content.label("question"), messages.c.content.label("answer"))
    .join_from(messages, _question, _question.c.id == messages.c.reply_to)
    .where(
        _of_session,
        messages.c.number < bindparam("before"),
        messages.c.number >= bindparam("oldest"),
        status_is_of(Status.COMPLETE, Status.CANCELLED),
        messages.c.content != literal_column("''"),
        SHOWN,
    )
    .order_by(messages.c.number.desc())
    .limit(bindparam("limit", type_=Integer))
)
