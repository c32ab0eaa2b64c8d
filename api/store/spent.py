"""Ids of sends whose user has been forgotten: each stays used for ever, and tells of nobody."""

from hashlib import sha256

from sqlalchemy import Connection, bindparam, delete, insert, select

from api.database.prepared import Prepared
from api.database.tables import sends, spent


def spend(connection: Connection, user_id: str, limit: int) -> int:
    """Keeps of so many of the user's sends only that their ids are used; returns how many there were."""
    of_user = sends.c.user_id == user_id
    ids = list(connection.execute(select(sends.c.client_message_id).where(of_user).limit(limit)).scalars())
    if ids:
        connection.execute(insert(spent), [{"key": _key(user_id, each)} for each in ids])
        connection.execute(delete(sends).where(of_user, sends.c.client_message_id.in_(ids)))
    return len(ids)


def is_spent(connection: Connection, user_id: str, client_message_id: str) -> bool:
    return _SPENT.first(connection, key=_key(user_id, client_message_id)) is not None


def _key(user_id: str, client_message_id: str) -> str:
    """Both together, since one of them alone might be guessed."""
    return sha256(f"{len(user_id)}:{user_id}{client_message_id}".encode()).hexdigest()


_SPENT = Prepared(select(spent.c.key).where(spent.c.key == bindparam("key")))
