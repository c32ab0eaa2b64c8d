"""Sessions: who owns them, how they are listed, named and deleted."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, insert, select, tuple_, update

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.core.records import Session
from api.database.tables import IS_RUNNING, messages, sessions, users
from api.database.times import to_micros
from api.database.writer import Transaction
from api.service.ports import Ending
from api.store.ending import Finish
from api.store.rows import to_session


def owned(user_id: str, session_id: str) -> Select[Any]:
    """The session if it is this user's and still there; anything else looks as if it did not exist."""
    return select(sessions).where(
        sessions.c.id == session_id,
        sessions.c.user_id == user_id,
        sessions.c.deleted_at.is_(None),
    )


def require(row: Row[Any] | None, session_id: str) -> Row[Any]:
    if row is None:
        raise ChatError(Code.NOT_FOUND, ids={"session_id": session_id})
    return row


def read_session(connection: Connection, user_id: str, session_id: str) -> Session:
    row = connection.execute(owned(user_id, session_id)).one_or_none()
    return to_session(require(row, session_id))


def listed(user_id: str, limit: int, offset: int, before: tuple[datetime, str] | None) -> Select[Any]:
    """Newest activity first, from `offset` or from just before a (time, id) of that order."""
    statement = (
        select(sessions)
        .where(sessions.c.user_id == user_id, sessions.c.deleted_at.is_(None))
        .order_by(sessions.c.updated_at.desc(), sessions.c.id.desc())
        .limit(limit)
    )
    if before is None:
        return statement.offset(offset)
    place = tuple_(sessions.c.updated_at, sessions.c.id)
    return statement.where(place < (to_micros(before[0]), before[1]))


def insert_session(
    connection: Connection, user_id: str, session_id: str, title: str, chain: str, now: datetime
) -> None:
    if not connection.execute(select(exists().where(users.c.id == user_id))).scalar():
        connection.execute(insert(users).values(id=user_id, created_at=to_micros(now)))
    connection.execute(
        insert(sessions).values(
            id=session_id,
            user_id=user_id,
            title=title,
            chain=chain,
            revision=1,
            created_at=to_micros(now),
            updated_at=to_micros(now),
            message_count=0,
            last_message_preview="",
            last_index=0,
            seq=0,
            trimmed=0,
        )
    )


def rename(transaction: Transaction, user_id: str, session_id: str, title: str) -> Session:
    connection = transaction.connection
    require(connection.execute(owned(user_id, session_id)).one_or_none(), session_id)
    changes = {"title": title, "revision": sessions.c.revision + 1}
    renamed = update(sessions).where(sessions.c.id == session_id).values(changes).returning(sessions)
    return to_session(connection.execute(renamed).one())


def remove(transaction: Transaction, user_id: str, session_id: str, now: datetime) -> str | None:
    """Cancels what runs there and hides the session from everybody; returns the cancelled answer's id."""
    connection = transaction.connection
    require(connection.execute(owned(user_id, session_id)).one_or_none(), session_id)
    running = select(messages).where(messages.c.session_id == session_id, IS_RUNNING)
    row = connection.execute(running).one_or_none()
    if row is not None:
        Finish(Ending(row.id, Status.CANCELLED), now).end(transaction, row)
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(deleted_at=to_micros(now)))
    transaction.gone.append(session_id)
    return None if row is None else str(row.id)
