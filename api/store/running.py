"""Which answers run: in a session there is one at most, and of all those there are few."""

from sqlalchemy import Connection, bindparam, func, select

from api.database.prepared import Prepared
from api.database.tables import IS_RUNNING, messages, sessions


def running_of(connection: Connection, user_id: str) -> int:
    """How many answers are being written for this user."""
    found = _OF_USER.first(connection, user=user_id)
    return 0 if found is None else int(found.running)


def running_in(connection: Connection, session_id: str) -> str | None:
    """The answer that is being written in this session."""
    found = _IN_SESSION.first(connection, session=session_id)
    return None if found is None else str(found.id)


# From the few that run to whose they are: a long history costs nothing here.
_busy = select(messages.c.session_id).where(IS_RUNNING)
_OF_USER = Prepared(
    select(func.count().label("running"))
    .select_from(sessions)
    .where(sessions.c.id.in_(_busy), sessions.c.user_id == bindparam("user"))
)
_IN_SESSION = Prepared(select(messages.c.id).where(messages.c.session_id == bindparam("session"), IS_RUNNING))
