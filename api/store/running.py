"""Which answers run: in a session there is one at most, and of all those there are few."""

from sqlalchemy import Connection, Integer, bindparam, func, literal_column, select

from api.database.prepared import Prepared
from api.database.tables import IS_RUNNING, messages, sessions


def running_of(connection: Connection, user_id: str) -> int:
    """How many answers are being written for this user."""
    found = _OF_USER.first(connection, user=user_id)
    return 0 if found is None else int(found.running)


def accepted_since(connection: Connection, user_id: str, since: int, limit: int) -> list[int]:
    """When the answers were accepted that this user has asked for since then, in micros; so many at most."""
    rows = _ACCEPTED.all(connection, user=user_id, since=since, limit=limit)
    return [row.created_at for row in rows]


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
# What was asked for in a session has moved it, and stands among its newest messages.
_ACCEPTED = Prepared(
    select(messages.c.created_at)
    .join_from(sessions, messages, messages.c.session_id == sessions.c.id)
    .where(
        sessions.c.user_id == bindparam("user"),
        sessions.c.updated_at > bindparam("since"),
        messages.c.number > sessions.c.last_index - 2 * bindparam("limit", type_=Integer),
        messages.c.role == literal_column("'assistant'"),
        messages.c.created_at > bindparam("since"),
    )
    .limit(bindparam("limit", type_=Integer))
)
_IN_SESSION = Prepared(select(messages.c.id).where(messages.c.session_id == bindparam("session"), IS_RUNNING))
