"""A backup is one moment of a server that goes on, whole and verified, or there is none."""

import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from api.backup import take
from api.backup.archive import unpack, write_archive
from api.backup.journal import JOURNAL
from api.backup.places import Places
from api.backup.refusals import BackupRefused
from api.database.copy import copy_database
from api.database.lock import DataFolderLock
from tests.faults.disk import small_disk
from tests.support.datafolders import UPLOAD, epoch, fill, places_in, words

VERSION = "1.2.3"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "chat.tar"


def back_up(places: Places, target: Path, *, overwrite: bool = False) -> Places:
    """The folder that comes out of the backup."""
    take.back_up(places, target, version=VERSION, overwrite=overwrite)
    found = places_in(target.parent.parent / "out")
    shutil.rmtree(found.folder, ignore_errors=True)
    unpack(target, found.folder)
    return found


def refusal(places: Places, target: Path, **how: bool) -> str:
    with pytest.raises(BackupRefused) as refused:
        take.back_up(places, target, version=VERSION, **how)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_everything_is_in_it_and_nothing_else_is_left(places: Places, target: Path) -> None:
    before = words(places)
    assert words(back_up(places, target)) == before == ["old"] * 5
    assert list(target.parent.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert words(places) == before


def test_a_running_server_is_no_obstacle(places: Places, target: Path) -> None:
    lock = DataFolderLock(places.folder)
    lock.take()
    with closing(sqlite3.connect(places.database, isolation_level=None)) as server:
        server.execute("PRAGMA journal_mode=WAL")
        server.execute("BEGIN IMMEDIATE")
        server.execute("INSERT INTO users VALUES ('not committed', 2)")
        found = back_up(places, target)
        server.execute("COMMIT")
    lock.release()
    with closing(sqlite3.connect(found.database)) as copy:
        assert copy.execute("SELECT id FROM users").fetchall() == [("old",)]


def test_it_is_one_moment_however_much_is_written_meanwhile(places: Places, target: Path) -> None:
    """Two tables that are changed together agree."""
    with writing_on(places.database):
        for _ in range(3):
            found = back_up(places, target, overwrite=True)
            with closing(sqlite3.connect(found.database)) as copy:
                (users,) = copy.execute("SELECT max(created_at) FROM users").fetchone()
                (other,) = copy.execute("SELECT value FROM meta WHERE key = 'moment'").fetchone()
            assert users == int(other)


@contextmanager
def writing_on(database: Path) -> Iterator[None]:
    done, begun = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database, isolation_level=None)) as server:
            server.execute("PRAGMA journal_mode=WAL")
            number = 1
            while not done.is_set():
                number += 1
                server.execute("BEGIN IMMEDIATE")
                server.execute("INSERT INTO users VALUES (?, ?)", [f"{number} " * 100, number])
                server.execute("REPLACE INTO meta VALUES ('moment', ?)", [str(number)])
                server.execute("COMMIT")
                begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_whoever_uses_the_copy_begins_a_new_epoch(places: Places, target: Path) -> None:
    found = back_up(places, target)
    assert epoch(found.database) is None
    assert epoch(places.database) is not None


def test_what_does_not_exist_is_not_in_it(places: Places, target: Path) -> None:
    shutil.rmtree(places.uploads)
    places.index.unlink()
    places.secret.unlink()
    assert words(back_up(places, target)) == ["old", "", "", "", ""]


def test_what_was_left_half_written_by_the_server_is_not_in_it(places: Places, target: Path) -> None:
    (places.uploads / f".{UPLOAD}-draft").mkdir()
    (places.uploads / UPLOAD / ".upload.json").write_text("half")
    assert {each.name for each in (back_up(places, target).uploads / UPLOAD).iterdir()} == {
        "raw",
        "upload.json",
    }


def test_an_upload_that_is_indexed_while_it_is_copied_is_in_the_index(
    places: Places, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copyfile = shutil.copyfile

    def indexed_after(source: Path, copy: Path) -> Path:
        found = copyfile(source, copy)
        if source.name == "raw":
            fill(places, "indexed")
            shutil.rmtree(places.uploads / UPLOAD)
        return found

    monkeypatch.setattr(shutil, "copyfile", indexed_after)
    found = words(back_up(places, target))
    assert found[1:4] == ["indexed", "", ""]


def test_a_file_that_exists_is_replaced_only_on_request(places: Places, target: Path) -> None:
    target.write_text("precious")
    assert "--overwrite" in refusal(places, target)
    assert target.read_text() == "precious"
    assert words(back_up(places, target, overwrite=True)) == ["old"] * 5


def test_the_data_itself_is_never_replaced(places: Places) -> None:
    for each in (places.database, places.index, places.secret, places.uploads / "chat.tar"):
        assert "part of the data" in refusal(places, each, overwrite=True)
    assert words(places) == ["old"] * 5


def test_a_place_that_cannot_be_is_named(places: Places, tmp_path: Path) -> None:
    assert str(tmp_path) in refusal(places, tmp_path)
    assert "no folder" in refusal(places, tmp_path / "nowhere" / "chat.tar")


def test_where_there_is_no_data_it_says_so(tmp_path: Path) -> None:
    said = refusal(places_in(tmp_path / "empty"), tmp_path / "chat.tar")
    assert "nothing to back up" in said
    assert "STEADYCHAT_DATA_DIR" in said
    assert list(tmp_path.iterdir()) == []


def test_a_restore_that_was_cut_off_comes_first(places: Places, target: Path) -> None:
    (places.folder / JOURNAL).write_text("{}")
    assert "restore" in refusal(places, target)


def test_data_that_is_replaced_meanwhile_is_not_mixed(
    places: Places, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced_after(source: Path, copy: Path) -> None:
        copy_database(source, copy)
        if source == places.index:
            shutil.copyfile(places.database, places.folder / "other.db")
            (places.folder / "other.db").rename(places.database)

    monkeypatch.setattr(take, "copy_database", replaced_after)
    assert "back up again" in refusal(places, target)
    assert list(target.parent.iterdir()) == []


def test_a_damaged_database_is_no_backup(places: Places, target: Path) -> None:
    target.write_text("the last good one")
    with places.database.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * 4096 * 4)
    assert "damaged" in refusal(places, target, overwrite=True)
    assert target.read_text() == "the last good one"
    assert list(target.parent.iterdir()) == [target]


def test_what_was_written_is_read_again(
    places: Places, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def badly(file: Path, *more: object) -> None:
        write_archive(file, *more)  # type: ignore[arg-type]  # as it was called
        with file.open("r+b") as archive:
            archive.seek(-20_000, os.SEEK_END)
            archive.write(b"\0\1\2\3" * 100)

    monkeypatch.setattr(take, "write_archive", badly)
    assert "damaged" in refusal(places, target)
    assert list(target.parent.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(places: Places, tmp_path: Path) -> None:
    target = tmp_path / "small" / "chat.tar"
    with small_disk(1, target.parent) as disk:
        target.write_text("the last good one")
        disk.fill(os.getpid())
        said = refusal(places, target, overwrite=True)
        disk.free(os.getpid())
        assert str(target.parent) in said
        assert target.read_text() == "the last good one"
        assert not list(target.parent.glob(".*"))
        assert words(back_up(places, target, overwrite=True)) == ["old"] * 5


def test_what_killed_backups_have_left_goes_with_the_next(places: Places, target: Path) -> None:
    dead, alive = (target.parent / f"{take.STAGING}{name}" for name in ("dead", "alive"))
    for each in (dead, alive):
        each.mkdir()
        (each / "archive.tar").write_text("half")
    lock = DataFolderLock(alive)
    lock.take()
    back_up(places, target)
    lock.release()
    assert not dead.exists()
    assert alive.exists()
