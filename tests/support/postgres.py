"""The PostgreSQL of a whole run of tests: each test has a database of its own in it."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

from api.database.engine import writing_engine
from api.database.migrate import migrate
from loadtests.cluster.postgres import Postgres

TEMPLATE = "shaped"
_numbers = count(1)


@cache
def server() -> Postgres:
    """Started when it is first asked for, and stopped with the process."""
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    found = Postgres(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    found.start()
    atexit.register(found.stop)
    return found


@cache
def _template() -> str:
    """A database of the newest shape, which others are copies of: that takes less time than to make it."""
    server().create(TEMPLATE)
    engine = writing_engine(server().url(TEMPLATE))
    try:
        migrate(engine, Path())
    finally:
        engine.dispose()
    return TEMPLATE


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
    """The URL of a database of the newest shape, in which nothing is."""
    name = f"test_{next(_numbers)}"
    server().run(f"CREATE DATABASE {name} TEMPLATE {_template()}")
    try:
        yield server().url(name)
    finally:
        server().drop(name)
