"""Erasing what was deleted, a little at a time: whoever writes an answer meanwhile waits for milliseconds."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, select

from api.database.tables import events, feedback, messages, notes, sessions, users
from api.database.times import to_micros
from api.database.writer import Transaction
from api.store.search import compact, remove_words

ROOM = 400
"""What is erased at a time: so many rows, each thousand characters of text counted as one more."""
_SESSIONS = 20


def purge(transaction: Transaction, deleted_before: datetime) -> bool:
    """Erases some of what was deleted before that time; False if nothing is left of it anywhere."""
    connection = transaction.connection
    ripe = (
        select(sessions.c.id, sessions.c.user_id)
        .where(sessions.c.deleted_at < to_micros(deleted_before))
        .order_by(sessions.c.deleted_at)
        .limit(_SESSIONS)
    )
    found = [(row.id, row.user_id) for row in connection.execute(ripe)]
    room = ROOM
    for session_id, user_id in found:
        room = _erase(connection, session_id, user_id, room)
        if room <= 0:
            break
    for user_id in {user_id for _, user_id in found}:
        forget_empty(connection, user_id)
    return bool(found) or compact(connection)


def forget_empty(connection: Connection, user_id: str) -> None:
    """Forgets a user of whom not even a deleted session is left."""
    of_user = sessions.c.user_id == user_id
    live = exists().where(of_user, sessions.c.deleted_at.is_(None))
    leaving = exists().where(of_user, sessions.c.deleted_at.is_not(None))
    connection.execute(delete(users).where(users.c.id == user_id, ~live, ~leaving))


def _erase(connection: Connection, session_id: str, user_id: str, room: int) -> int:
    """Erases as much of a session as there is room for, itself last; returns the room that is left."""
    for erase in (_erase_events, partial(_erase_messages, user_id), _erase_notes):
        room = erase(connection, session_id, room)
        if room <= 0:
            return room
    connection.execute(delete(sessions).where(sessions.c.id == session_id))
    return room - 1


def _erase_events(connection: Connection, session_id: str, room: int) -> int:
    of_session = events.c.session_id == session_id
    rows = select(events.c.seq, events.c.body).where(of_session).order_by(events.c.seq).limit(room)
    taken, room = _fitting(connection.execute(rows), room)
    if taken:
        connection.execute(delete(events).where(of_session, events.c.seq <= taken[-1].seq))
    return room


def _erase_messages(user_id: str, connection: Connection, session_id: str, room: int) -> int:
    of_session = messages.c.session_id == session_id
    rows = (
        select(messages.c.number, messages.c.id, messages.c.content)
        .where(of_session)
        .order_by(messages.c.number)
        .limit(room)
    )
    taken, room = _fitting(connection.execute(rows), room)
    if taken:
        remove_words(connection, user_id, [(row.id, row.content) for row in taken])
        connection.execute(delete(feedback).where(feedback.c.message_id.in_([row.id for row in taken])))
        connection.execute(delete(messages).where(of_session, messages.c.number <= taken[-1].number))
    return room


def _erase_notes(connection: Connection, session_id: str, room: int) -> int:
    some = select(notes.c.id).where(notes.c.session_id == session_id).limit(room)
    return room - connection.execute(delete(notes).where(notes.c.id.in_(some))).rowcount


def _fitting(rows: Iterable[Row[Any]], room: int) -> tuple[list[Row[Any]], int]:
    """The first rows, the last column of which is text, that there is room for; one at least."""
    taken: list[Row[Any]] = []
    for row in rows:
        taken.append(row)
        room -= 1 + len(row[-1]) // 1000
        if room <= 0:
            break
    return taken, room
