"""Erasing what was deleted, a little at a time: whoever writes an answer meanwhile waits for milliseconds."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, select

from api.database.locks import alone
from api.database.tables import events, feedback, messages, notes, sessions, users
from api.database.times import to_micros
from api.database.writer import Transaction
from api.store.indexing import index_never
from api.store.search import compact, remove_words

ROOM = 200
"""What is erased at a time: so many rows, each thousand characters of text counted as one more."""
_SESSIONS = 20


def purge(transaction: Transaction, deleted_before: datetime) -> bool:
    """Erases some of what was deleted before that time; False if nothing is left of it anywhere.

    Of several servers one does so at a time.
    """
    connection = transaction.connection
    if not alone(connection, "steadychat purge"):
        return False
    ripe = (
        select(sessions.c.id, sessions.c.user_id)
        .where(sessions.c.deleted_at < to_micros(deleted_before))
        .order_by(sessions.c.deleted_at)
        .limit(_SESSIONS)
    )
    found = {row.id: row.user_id for row in connection.execute(ripe)}
    if not found:
        return compact(connection)
    transaction.journal.lay_down_all()
    room = ROOM
    for erase in (_erase_events, _erase_messages, _erase_notes):
        room = erase(connection, found, room)
        if room <= 0:
            return True
    connection.execute(delete(sessions).where(sessions.c.id.in_(list(found))))
    for user_id in set(found.values()):
        forget_empty(connection, user_id)
    return True


def forget_empty(connection: Connection, user_id: str) -> None:
    """Forgets a user of whom not even a deleted session is left."""
    of_user = sessions.c.user_id == user_id
    live = exists().where(of_user, sessions.c.deleted_at.is_(None))
    leaving = exists().where(of_user, sessions.c.deleted_at.is_not(None))
    connection.execute(delete(users).where(users.c.id == user_id, ~live, ~leaving))


def _erase_events(connection: Connection, owners: dict[str, str], room: int) -> int:
    """Erases as many events of these sessions as there is room for; returns the room that is left."""
    of_these = events.c.session_id.in_(list(owners))
    rows = select(events.c.session_id, events.c.seq, events.c.body).where(of_these).limit(room)
    taken, room = _fitting(connection.execute(rows), room)
    if taken:
        connection.execute(_ONE_EVENT, [{"session": row.session_id, "number": row.seq} for row in taken])
    return room


def _erase_messages(connection: Connection, owners: dict[str, str], room: int) -> int:
    of_these = messages.c.session_id.in_(list(owners))
    rows = select(messages.c.id, messages.c.session_id, messages.c.content).where(of_these).limit(room)
    taken, room = _fitting(connection.execute(rows), room)
    if taken:
        ids = [row.id for row in taken]
        index_never(connection, [(owners[row.session_id], row.id) for row in taken])
        remove_words(connection, [(owners[row.session_id], row.id, row.content) for row in taken])
        connection.execute(delete(feedback).where(feedback.c.message_id.in_(ids)))
        connection.execute(delete(messages).where(messages.c.id.in_(ids)))
    return room


def _erase_notes(connection: Connection, owners: dict[str, str], room: int) -> int:
    some = select(notes.c.id).where(notes.c.session_id.in_(list(owners))).limit(room)
    return room - connection.execute(delete(notes).where(notes.c.id.in_(some))).rowcount


def _fitting(rows: Iterable[Row[Any]], room: int) -> tuple[Sequence[Row[Any]], int]:
    """The first rows, the last column of which is text, that there is room for; one at least."""
    taken: list[Row[Any]] = []
    for row in rows:
        taken.append(row)
        room -= 1 + len(row[-1]) // 1000
        if room <= 0:
            break
    return taken, room


_ONE_EVENT = delete(events).where(
    events.c.session_id == bindparam("session"), events.c.seq == bindparam("number")
)
