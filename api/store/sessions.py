"""Sessions: who owns them, how they are listed, named and deleted."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    String,
    bindparam,
    exists,
    insert,
    select,
    tuple_,
    update,
)

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.core.records import Session
from api.database.locks import hold_session, hold_writers_in
from api.database.prepared import Prepared, Row, Values, inserting
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


def find_to_send(connection: Connection, user_id: str, session_id: str) -> Row | None:
    """The same, with the answer that is being written there as `busy`."""
    return _TO_SEND.first(connection, user=user_id, session=session_id)


def require(row: Row | None, session_id: str) -> Row:
    if row is None:
        raise ChatError(Code.NOT_FOUND, ids={"session_id": session_id})
    return row


def read_session(connection: Connection, user_id: str, session_id: str) -> Session:
    return to_session(require(_OWNED.first(connection, user=user_id, session=session_id), session_id))


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
    at = to_micros(now)
    _USER.do(connection, user=user_id, now=at)
    given = {"id": session_id, "user_id": user_id, "title": title, "chain": chain}
    _SESSION.do(connection, **_EMPTY, **given, created_at=at, updated_at=at)


def rename(transaction: Transaction, user_id: str, session_id: str, title: str) -> Session:
    connection = transaction.connection
    hold_session(connection, session_id)
    require(connection.execute(owned(user_id, session_id)).one_or_none(), session_id)
    changes = {"title": title, "revision": sessions.c.revision + 1}
    renamed = update(sessions).where(sessions.c.id == session_id).values(changes).returning(sessions)
    return to_session(connection.execute(renamed).one())


def remove(transaction: Transaction, user_id: str, session_id: str, now: datetime) -> str | None:
    """Cancels what runs there and hides the session from everybody; returns the cancelled answer's id."""
    connection = transaction.connection
    hold_writers_in(connection, [session_id])
    hold_session(connection, session_id)
    require(connection.execute(owned(user_id, session_id)).one_or_none(), session_id)
    running = select(messages).where(messages.c.session_id == session_id, IS_RUNNING)
    row = connection.execute(running).one_or_none()
    if row is not None:
        Finish(Ending(row.id, Status.CANCELLED), now).end(transaction, row)
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(deleted_at=to_micros(now)))
    transaction.gone.append(session_id)
    return None if row is None else str(row.id)


_EMPTY: Values = {
    "revision": 1,
    "message_count": 0,
    "last_message_preview": "",
    "last_index": 0,
    "seq": 0,
    "hour": 0,
    "deleted_at": None,
}
_SESSION = Prepared(inserting(sessions))
_user, _now = bindparam("user", type_=String), bindparam("now", type_=BigInteger)
_new = select(_user, _now).where(~exists().where(users.c.id == _user))
_USER = Prepared(insert(users).from_select(["id", "created_at"], _new))
_owned = select(sessions).where(
    sessions.c.id == bindparam("session"),
    sessions.c.user_id == bindparam("user"),
    sessions.c.deleted_at.is_(None),
)
_OWNED = Prepared(_owned)
_running = select(messages.c.id).where(messages.c.session_id == sessions.c.id, IS_RUNNING)
_TO_SEND = Prepared(_owned.add_columns(_running.scalar_subquery().label("busy")))
