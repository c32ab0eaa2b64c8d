"""The SQLite file of the index: opening it, reading in one snapshot, writing in one transaction."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA_VERSION = 1
BUSY_SECONDS = 30


class IndexUnusable(Exception):
    """The index file is damaged or of another version."""


def open_store(path: Path) -> None:
    """Make the file and its tables if they are not there yet. Raises `IndexUnusable`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with connected(path) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            with writing(connection):
                _create(connection, path)
    except sqlite3.OperationalError as error:
        raise IndexUnusable(
            f"{path} cannot be opened ({error}): look whether its disk has room and it may be written"
        ) from error
    except sqlite3.DatabaseError as error:
        raise IndexUnusable(f"{path} cannot be used as a document index ({error})") from error


def _create(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found == SCHEMA_VERSION:
        return
    if found != 0:
        raise IndexUnusable(f"{path} was made by another version: move it away and ingest again")
    for statement in statements((files("chains.retrieval") / "schema.sql").read_text("utf-8")):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def statements(script: str) -> Iterator[str]:
    """Split a script into its statements; `executescript` would commit between them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(path)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One transaction that holds the write lock from its start."""
    with _transaction(connection, "BEGIN IMMEDIATE"):
        yield connection


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One snapshot: reads inside see the same committed state."""
    with _transaction(connection, "BEGIN"):
        yield connection


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
