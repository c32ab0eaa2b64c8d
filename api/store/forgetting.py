"""Forgetting a user in steps, so that nobody waits for somebody with ten thousand sessions."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from api.core.lifecycle import Status
from api.database.locks import hold_sessions, hold_writers_in
from api.database.tables import IS_RUNNING, forgetting, messages, sessions
from api.database.times import to_micros
from api.database.writer import Transaction
from api.service.archive import Forgotten
from api.service.ports import Ending
from api.store.ending import Finish
from api.store.links import revoke
from api.store.purge import forget_empty
from api.store.sessions import listed
from api.store.spent import spend

SESSIONS = 50  # at a time: their hints find room on every connection
SENDS = 200


def forget(transaction: Transaction, user_id: str, now: datetime) -> Forgotten:
    """Deletes some of the user's sessions, as each is deleted by itself; then their sends become unreadable.

    The user stands in `forgetting` from the first step that leaves something until the last, so that a death
    in between breaks nothing off. What is deleted is erased by the purge. The user is held.
    """
    connection = transaction.connection
    found = [row.id for row in connection.execute(listed(user_id, SESSIONS, 0, None))]
    hold_writers_in(connection, found)
    hold_sessions(connection, found)
    cancelled = _cancel(transaction, found, now)
    gone = update(sessions).where(sessions.c.id.in_(found))
    connection.execute(gone.values(deleted_at=to_micros(now)))
    transaction.gone.extend(found)
    revoke(connection, user_id)
    done = len(found) < SESSIONS and spend(connection, user_id, SENDS) < SENDS
    connection.execute(delete(forgetting).where(forgetting.c.user_id == user_id))
    if done:
        forget_empty(connection, user_id)
    else:
        connection.execute(insert(forgetting).values(user_id=user_id))
    return Forgotten(found, cancelled, done)


def _cancel(transaction: Transaction, session_ids: list[str], now: datetime) -> list[str]:
    running = select(messages).where(messages.c.session_id.in_(session_ids), IS_RUNNING)
    rows = transaction.connection.execute(running).all()
    for row in rows:
        Finish(Ending(row.id, Status.CANCELLED), now).end(transaction, row)
    return [row.id for row in rows]


def half_forgotten(connection: Connection) -> list[str]:
    """The users whose forgetting was broken off, or is under way."""
    return list(connection.execute(select(forgetting.c.user_id)).scalars())
