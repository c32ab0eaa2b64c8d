"""The PostgreSQL of a whole run of tests: each test has a database of its own in it."""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path

from api.database.engine import writing_engine
from api.database.migrate import migrate
from api.database.tables import tables_of
from loadtests.cluster.places import passing
from loadtests.cluster.postgres import Postgres

HOURS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"
_numbers = count(1)
_free: list[str] = []


@cache
def server() -> Postgres:
    """Started when it is first asked for, and stopped with the process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(Postgres(stack.enter_context(passing())))


@contextmanager
def empty_database() -> Iterator[str]:
    """The URL of a database without tables."""
    name = f"empty_{next(_numbers)}"
    server().create(name)
    try:
        yield server().url(name)
    finally:
        server().drop(name)


@contextmanager
def database() -> Iterator[str]:
    """The URL of a database of the newest shape, in which nothing is; it is emptied, and used again."""
    name = _free.pop() if _free else _shaped()
    yield server().url(name)
    _empty(name)
    _free.append(name)


def _shaped() -> str:
    name = f"test_{next(_numbers)}"
    server().create(name)
    engine = writing_engine(server().url(name))
    try:
        migrate(engine, Path())
    finally:
        engine.dispose()
    return name


def _empty(name: str) -> None:
    """Whoever is still connected is cut off, so that nobody holds what is emptied."""
    server().run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    hours = server().run(HOURS, name)
    for (hour,) in hours:
        server().run(f"DROP TABLE {hour}", name)
    tables = ", ".join(table.name for table in tables_of("postgresql"))
    server().run(f"TRUNCATE {tables} RESTART IDENTITY", name)
