"""A restore brings all of a backup or nothing, and puts what was there aside."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from api.backup import journal
from api.backup.places import Places
from api.backup.refusals import BackupRefused
from api.backup.restore import restore, restored
from api.backup.take import back_up
from api.database.lock import DataFolderLock
from tests.faults.disk import small_disk
from tests.support.datafolders import epoch, fill, places_in, words

ROOT = Path(__file__).parents[4]


@pytest.fixture
def backup(places: Places, tmp_path: Path) -> Path:
    """One that says "old"; the present data says "new"."""
    file = tmp_path / "chat.tar"
    back_up(places, file, version="1.2.3")
    fill(places, "new")
    return file


def refusal(places: Places, file: Path) -> str:
    with pytest.raises(BackupRefused) as refused:
        restore(places, file)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_everything_comes_back_and_what_was_there_is_kept(places: Places, backup: Path) -> None:
    done = restore(places, backup)
    assert words(places) == ["old"] * 5
    (aside,) = done.aside
    assert words(places_in(aside)) == ["new"] * 5
    assert names(places.folder) == {
        "steadychat.db",
        "index.db",
        "uploads",
        "secret",
        "lock",
        aside.name,
    }
    assert stat.S_IMODE(places.secret.stat().st_mode) == 0o600


def test_what_the_backup_does_not_hold_is_not_left_of_the_present(places: Places, tmp_path: Path) -> None:
    shutil.rmtree(places.uploads)
    places.index.unlink()
    places.secret.unlink()
    back_up(places, tmp_path / "chat.tar", version="1")
    fill(places, "new")
    (aside,) = restore(places, tmp_path / "chat.tar").aside
    assert words(places) == ["old", "", "", "", ""]
    assert words(places_in(aside)) == ["new"] * 5


def test_a_log_of_changes_that_belongs_to_the_present_goes_with_it(places: Places, backup: Path) -> None:
    """As a server leaves it that was killed."""
    kill_while_writing(places.database, "unsaved")
    assert Path(f"{places.database}-wal").stat().st_size
    (aside,) = restore(places, backup).aside
    assert words(places)[0] == "old"
    with closing(sqlite3.connect(aside / "steadychat.db")) as history:
        assert history.execute("SELECT id FROM users ORDER BY id").fetchall() == [("new",), ("unsaved",)]


def kill_while_writing(database: Path, word: str) -> None:
    script = f"""
import os, sqlite3
connection = sqlite3.connect({str(database)!r}, isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("INSERT INTO users VALUES ({word!r}, 1)")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_log_begins_a_new_epoch(places: Places, backup: Path) -> None:
    assert epoch(places.database) is not None
    restore(places, backup)
    assert epoch(places.database) is None


def test_into_an_empty_folder(backup: Path, tmp_path: Path) -> None:
    fresh = places_in(tmp_path / "other" / "machine")
    assert restore(fresh, backup).aside == []
    assert words(fresh) == ["old"] * 5


def test_a_database_that_lies_elsewhere_is_restored_there(backup: Path, tmp_path: Path) -> None:
    there = places_in(tmp_path / "here", tmp_path / "there" / "chat.db")
    fill(there, "new")
    asides = restore(there, backup).aside
    assert words(there) == ["old"] * 5
    assert [each.parent for each in asides] == [tmp_path / "there", tmp_path / "here"]
    assert names(tmp_path / "there") == {"chat.db", "chat.db.lock", asides[0].name}
    assert (asides[0] / "chat.db").exists()


def test_a_running_server_is_not_disturbed(places: Places, backup: Path) -> None:
    lock = DataFolderLock(places.folder)
    lock.take()
    said = refusal(places, backup)
    with pytest.raises(BackupRefused, match="stop it first"):
        restored(places)
    lock.release()
    assert "stop it first" in said
    assert words(places) == ["new"] * 5
    restore(places, backup)


def test_one_that_is_damaged_changes_nothing(places: Places, backup: Path) -> None:
    before = names(places.folder)
    with backup.open("r+b") as file:
        file.seek(60_000)
        file.write(b"damage")
    assert "damaged" in refusal(places, backup)
    assert words(places) == ["new"] * 5
    assert names(places.folder) == before | {"lock"}


def test_one_whose_database_is_damaged_changes_nothing(
    places: Places, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.backup.restore.damage", lambda file: "a page is missing")
    assert "a page is missing" in refusal(places, backup)
    assert words(places) == ["new"] * 5


def test_one_of_a_newer_version_is_refused_by_name(places: Places, tmp_path: Path) -> None:
    with closing(sqlite3.connect(places.database)) as history, history:
        history.execute("UPDATE alembic_version SET version_num = '9999'")
    back_up(places, tmp_path / "newer.tar", version="99")
    fresh = places_in(tmp_path / "fresh")
    assert "newer Steadychat" in refusal(fresh, tmp_path / "newer.tar")
    assert names(fresh.folder) == {"lock"}


def test_one_without_a_history_is_refused(places: Places, tmp_path: Path) -> None:
    places.database.unlink()
    with closing(sqlite3.connect(places.database)) as other, other:
        other.execute("CREATE TABLE meta (key TEXT)")
    back_up(places, tmp_path / "other.tar", version="1")
    assert "no history" in refusal(places_in(tmp_path / "fresh"), tmp_path / "other.tar")


def test_a_file_that_is_not_there_is_named(places: Places, tmp_path: Path) -> None:
    assert str(tmp_path / "nothing.tar") in refusal(places, tmp_path / "nothing.tar")


def test_without_room_nothing_changes(backup: Path, tmp_path: Path) -> None:
    with small_disk(2, tmp_path / "small") as disk:
        there = places_in(disk.folder / "var")
        fill(there, "new")
        disk.fill(os.getpid())
        said = refusal(there, backup)
        disk.free(os.getpid())
        assert str(there.folder) in said
        assert words(there) == ["new"] * 5
        restore(there, backup)
        assert words(there) == ["old"] * 5


def test_data_brought_back_by_other_means_begins_a_new_epoch(places: Places) -> None:
    restored(places)
    assert epoch(places.database) is None
    assert words(places) == ["old"] * 5


def test_where_there_is_no_data_nothing_can_be_marked(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="there is no data"):
        restored(places_in(tmp_path / "empty"))


def test_a_death_at_any_moment_leaves_old_or_new_and_no_mix(
    places: Places, backup: Path, tmp_path: Path
) -> None:
    """It is killed at each change of the disk, and the next start goes on from there."""
    script = [sys.executable, "-m", "tests.support.dying_restores"]
    command = [*script, str(places.folder), str(backup), str(tmp_path / "try")]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert set(found) == {"new", "old"}, found
    assert found == sorted(found), "once it is decided it is decided"
    assert found.count("old") > 5, "most of the work is done after the decision"


def test_a_restore_that_cannot_be_finished_says_what_to_do(
    places: Places, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path, move: journal.Move) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    with monkeypatch.context() as halfway:
        halfway.setattr(journal, "_make", broken)
        assert "repeat it, or start the server" in refusal(places, backup)
    assert journal.finish(places.folder)
    assert words(places) == ["old"] * 5


def test_what_the_superuser_restores_belongs_to_whom_the_folder_does(
    places: Places, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: set[str] = set()

    def chown(path: Path, uid: int, gid: int, *, follow_symlinks: bool) -> None:
        assert (uid, gid, follow_symlinks) == (os.getuid(), os.getgid(), False)
        given.add(path.name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", chown)
    restore(places, backup)
    assert given >= {"steadychat.db", "index.db", "uploads", "raw", "secret"}
