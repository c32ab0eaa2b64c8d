"""Data folders with something of everything in them, as a server leaves them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from api.backup.places import Places
from api.database.copy import opened
from api.database.epoch import open_epoch
from api.database.migrate import migrate
from chains.retrieval.store import open_store
from tests.support.clocks import CountedIds

UPLOAD = "0192-upload"


def places_in(folder: Path, database: Path | None = None) -> Places:
    database = database or folder / "steadychat.db"
    return Places(folder, database, folder / "index.db", folder / "uploads", folder / "secret")


def fill(places: Places, word: str) -> None:
    """Puts `word` into everything, in the place of an earlier one."""
    for each in (places.folder, places.database.parent, places.uploads / UPLOAD):
        each.mkdir(parents=True, exist_ok=True)
    with opened(places.database) as engine:
        migrate(engine, places.folder / "backups")
        open_epoch(engine, CountedIds("epoch"), "")
    _put(places.database, "users", "INSERT INTO users VALUES (?, 1)", word)
    open_store(places.index)
    _put(
        places.index,
        "documents",
        "INSERT INTO documents VALUES (?, '', '', '', '', 0, 0, '', NULL, NULL, '')",
        word,
    )
    for name in ("raw", "upload.json"):
        (places.uploads / UPLOAD / name).write_text(word)
    places.secret.write_text(word)


def _put(file: Path, table: str, statement: str, word: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"DELETE FROM {table}")
        connection.execute(statement, [word])


def words(places: Places) -> list[str]:
    """What each thing in it says; nothing if it is not there."""
    return [
        _first(places.database, "SELECT id FROM users"),
        _first(places.index, "SELECT id FROM documents"),
        *(_text(places.uploads / UPLOAD / name) for name in ("raw", "upload.json")),
        _text(places.secret),
    ]


def _first(file: Path, query: str) -> str:
    if not file.exists():
        return ""
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute(query).fetchone()[0])


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def epoch(database: Path) -> str | None:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
    return None if found is None else str(found[0])
