"""Connections to PostgreSQL, and what its errors mean.

Units of work are plain functions that run in threads, so psycopg is used, whatever driver a URL names.
"""

from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

CONNECT_S = 5
STATEMENT_MS = 5_000
LOCK_MS = 500
"""Whoever else holds a row holds it for one commit. If not, it is frozen or is waiting for us in turn."""
BESIDE_LOCK_MS = 3_000
"""Where nobody waits behind: what is large is committed for longer."""
IDLE_MS = 5_000
"""A server that is frozen within a transaction holds its rows no longer than this."""
UNREACHABLE_MS = 10_000
"""So long may what was sent to the database go without being acknowledged."""

_UNIQUE, _FOREIGN, _NO_PARTITION, _SERIALIZATION, _DEADLOCK = "23505", "23503", "23514", "40001", "40P01"
_LOCKED, _CANCELLED, _IDLE = "55P03", "57014", "25P03"
CONFLICTS = frozenset({_UNIQUE, _FOREIGN, _NO_PARTITION, _SERIALIZATION, _DEADLOCK, _LOCKED})
"""A deadlock looks like a lock that takes too long: PostgreSQL looks for one only after a second."""


class MissingDriverError(Exception):
    """psycopg is not installed."""


def is_meant(url: URL) -> bool:
    return url.get_backend_name() in {"postgresql", "postgres"}


def reading_engine(url: URL, connections: int) -> Engine:
    return _engine(url, connections, reading=True)


def writing_engine(url: URL) -> Engine:
    """READ COMMITTED: units lock what they rest on before they read it, and a constraint notices the rest."""
    return _engine(url, 1, reading=False)


def beside_engine(url: URL, connections: int) -> Engine:
    """As the writer's, for what is not to hold it up."""
    return _engine(url, connections, reading=False, lock_ms=BESIDE_LOCK_MS)


def _engine(url: URL, connections: int, *, reading: bool, lock_ms: int = LOCK_MS) -> Engine:
    try:
        engine = create_engine(_address(url), pool_size=connections, max_overflow=0)
    except ModuleNotFoundError as error:
        raise MissingDriverError(
            "PostgreSQL needs the driver of the extra `scale`: pip install 'steadychat[scale]'"
        ) from error

    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _record: Any) -> None:  # SQLAlchemy's own record
        _take_no_nul(connection)
        cursor = connection.cursor()
        cursor.execute(_settings(lock_ms))
        cursor.close()
        connection.commit()
        if reading:
            _read_one_moment(connection)

    return engine


def _settings(lock_ms: int) -> str:
    """What is acknowledged survives, also where the database as a whole is set otherwise."""
    return f"""
    SET statement_timeout = {STATEMENT_MS};
    SET lock_timeout = {lock_ms};
    SET idle_in_transaction_session_timeout = {IDLE_MS};
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local')
    """


def _take_no_nul(connection: Any) -> None:  # Any: psycopg's own
    """PostgreSQL has no NUL. Whatever has one is found nowhere, as with SQLite, and is no error."""
    from psycopg.types.string import StrDumperUnknown  # noqa: PLC0415 - as below

    class WithoutNul(StrDumperUnknown):
        def dump(self, obj: str) -> Any:  # Any: as the base has it
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    connection.adapters.register_dumper(str, WithoutNul)


def _read_one_moment(connection: Any) -> None:  # Any: psycopg's own
    from psycopg import IsolationLevel  # noqa: PLC0415 - of an extra, which is there if a connection is

    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True


def _address(url: URL) -> URL:
    """As psycopg takes it. asyncpg calls `ssl` what libpq calls `sslmode`."""
    query = dict(url.query)
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    query.setdefault("connect_timeout", str(CONNECT_S))
    query.setdefault("tcp_user_timeout", str(UNREACHABLE_MS))
    query.setdefault("application_name", "steadychat")
    return url.set(drivername="postgresql+psycopg", query=query)


def is_busy(connection: Any) -> bool:  # Any: psycopg's own
    """Whether a connection is in a transaction, or of no use any more."""
    return bool(connection.closed or connection.info.transaction_status)


def state(error: BaseException) -> str:
    """The SQLSTATE of an error; empty if it has none, as where nobody answered."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")


def is_broken(error: BaseException) -> bool:
    """Whether it is the end of its connection: nobody answers any more, or the server has said farewell."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    psycopg = type(cause).__module__.startswith("psycopg")
    named = state(error)
    return psycopg and (named[:2] in {"", "08", "57"} or named == _IDLE) and named != _CANCELLED


def conflicts(error: BaseException) -> bool:
    """Whether somebody else came in between: then the same may be tried again at once, and sees it."""
    return state(error) in CONFLICTS


def is_locked(error: BaseException) -> bool:
    """Whether somebody else has held what is to be changed for longer than commits take."""
    return state(error) == _LOCKED
