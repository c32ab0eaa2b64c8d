"""A copy is one moment of the data, and a life of its own."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from api.database.copy import begin_anew, copy_database, damage
from tests.support.datafolders import epoch, fill, places_in


@pytest.fixture
def history(tmp_path: Path) -> Path:
    places = places_in(tmp_path / "var")
    fill(places, "old")
    return places.database


def test_a_copy_holds_what_the_database_does(history: Path, tmp_path: Path) -> None:
    copy_database(history, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT id FROM users").fetchall() == [("old",)]
    assert damage(tmp_path / "copy.db") is None


def test_a_name_of_any_kind_is_only_a_name(history: Path, tmp_path: Path) -> None:
    odd = tmp_path / "what? #1 50%.db"
    history.rename(odd)
    copy_database(odd, tmp_path / "copy?mode=memory.db")
    assert damage(tmp_path / "copy?mode=memory.db") is None
    begin_anew(odd)
    assert epoch(odd) is None


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        copy_database(tmp_path / "no.db", tmp_path / "copy.db")
    with pytest.raises(sqlite3.OperationalError):
        damage(tmp_path / "no.db")
    assert list(tmp_path.iterdir()) == []


def test_damage_is_found(history: Path) -> None:
    with history.open("r+b") as file:
        file.seek(4 * 4096)
        file.write(b"\xa5" * 4096)
    assert damage(history) is not None


def test_after_beginning_anew_the_epoch_is_forgotten_and_nothing_else(history: Path) -> None:
    begin_anew(history)
    assert epoch(history) is None
    with closing(sqlite3.connect(history)) as connection:
        assert connection.execute("SELECT id FROM users").fetchall() == [("old",)]
        assert connection.execute("SELECT count(*) FROM meta").fetchone()[0] > 0
