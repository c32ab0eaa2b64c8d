"""The partitions of the log on PostgreSQL: an hour of answers each, so that what is old goes at once.

All events of an answer lie in the hour in which it was accepted. So the key of the table, which has to have
the hour in it, lets no two writers give the same number to an answer's events. In a session hours never go
back, so what is left of its log has no hole.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile

from sqlalchemy import Connection, bindparam, exists, literal_column, select, text
from sqlalchemy.exc import OperationalError

from api.database.locks import alone
from api.database.postgresql import is_locked
from api.database.prepared import Prepared
from api.database.tables import IS_RUNNING, events, messages, sessions
from api.database.times import to_micros
from api.database.writer import Transaction

_MICROS = 3_600_000_000


def hour_of(connection: Connection, time: datetime) -> int:
    """Counted from 1970; 0 where the log is in one piece."""
    return to_micros(time) // _MICROS if connection.dialect.name == "postgresql" else 0


def open_hour(connection: Connection, hour: int) -> None:
    """From here on the log takes events of this hour."""
    if connection.dialect.name != "postgresql" or _THERE.first(connection, name=_name(hour)):
        return
    _ALONE.all(connection)
    if not _THERE.first(connection, name=_name(hour)):
        # Made and then attached: so nobody has to wait who reads or writes other hours.
        connection.execute(text(f"CREATE TABLE {_name(hour)} (LIKE {events.name} INCLUDING ALL)"))
        bounds = f"FROM ({hour}) TO ({hour + 1})"
        connection.execute(
            text(f"ALTER TABLE {events.name} ATTACH PARTITION {_name(hour)} FOR VALUES {bounds}")
        )


def past_hours(connection: Connection, ended_before: datetime) -> Sequence[int]:
    """The oldest hours: all were over then, and of none of them an answer is still being written.

    Those behind one that has to stay stay too, so that what is left of a session's log has no hole.
    """
    names = [row.name for row in _PARTITIONS.all(connection)]
    hours = sorted(int(name.rpartition("_")[2]) for name in names)
    over = [hour for hour in hours if (hour + 1) * _MICROS <= to_micros(ended_before)]
    return list(takewhile(lambda hour: not _RUNNING.first(connection, hour=hour), over))


def drop_hour(transaction: Transaction, hour: int) -> bool:
    """Whether it could be done: not while somebody reads or writes the log at this very moment.

    Nobody has to wait for that: all would, who come after it. Whether an answer runs is looked at once more
    when nobody can have one accepted any more.
    """
    connection = transaction.connection
    if not alone(connection, "steadychat partitions"):
        return False
    try:
        with connection.begin_nested():
            connection.execute(text(f"LOCK TABLE {events.name} IN ACCESS EXCLUSIVE MODE NOWAIT"))
            if not _RUNNING.first(connection, hour=hour):
                connection.execute(text(f"DROP TABLE IF EXISTS {_name(hour)}"))
                return True
    except OperationalError as error:
        if not is_locked(error):
            raise
    return False


def missing_hours(connection: Connection) -> Sequence[int]:
    """Of the present hour and the next one, those that the log does not take events of yet."""
    (row,) = _NOW.all(connection)
    return [hour for hour in (row.hour, row.hour + 1) if not _THERE.first(connection, name=_name(hour))]


def open_hour_of(transaction: Transaction, hour: int) -> None:
    open_hour(transaction.connection, hour)


def _name(hour: int) -> str:
    return f"{events.name}_{hour}"


_ALONE = Prepared(text("SELECT pg_advisory_xact_lock(hashtextextended('steadychat partitions', 0))"))
_NOW = Prepared(text("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) / 3600) AS integer) AS hour"))
_THERE = Prepared(text("SELECT 1 AS there WHERE to_regclass(:name) IS NOT NULL"))
_PARTITIONS = Prepared(
    text(f"""
    SELECT c.relname AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = CAST('{events.name}' AS regclass)
    """)
)
_RUNNING = Prepared(
    select(literal_column("1").label("runs")).where(
        exists()
        .where(messages.c.session_id == sessions.c.id, IS_RUNNING)
        .where(sessions.c.hour == bindparam("hour"))
    )
)
