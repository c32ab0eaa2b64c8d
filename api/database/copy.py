"""A copy of an SQLite database that others may be writing at the same time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine

from api.database.engine import writing_engine
from api.database.epoch import forget_epoch

BUSY_S = 5.0


def copy_database(source: Path, target: Path) -> None:
    """One moment of `source`, as a new file that holds nothing but the data. Raises sqlite3.Error."""
    with closing(_read_only(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def damage(file: Path) -> str | None:
    """None if a database is whole, else what SQLite finds wrong with it. Raises sqlite3.Error."""
    with closing(_read_only(file)) as connection:
        found: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    return None if found == "ok" else found


def begin_anew(file: Path) -> None:
    """The next start on this history begins a new epoch. Raises SQLAlchemy's errors."""
    with opened(file) as engine:
        forget_epoch(engine)


@contextmanager
def opened(file: Path) -> Iterator[Engine]:
    """A history that nobody else uses."""
    engine = writing_engine(URL.create("sqlite", database=str(file)))
    try:
        yield engine
    finally:
        engine.dispose()


def _read_only(file: Path) -> sqlite3.Connection:
    """Makes no file where there is none."""
    return sqlite3.connect(
        f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None
    )
