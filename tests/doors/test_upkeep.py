"""What the commands for backups print, and that each refusal is one line that says what to do."""

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.database.lock import DataFolderLock
from api.main import cli
from tests.support.datafolders import fill, places_in, words

RUN = CliRunner()


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(tmp_path / "data"))
    fill(places_in(tmp_path / "data"), "old")
    return tmp_path / "data"


def said(*arguments: str) -> str:
    result = RUN.invoke(cli, arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def refusal(*arguments: str) -> str:
    result = RUN.invoke(cli, arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1), result.output
    return result.stderr


def test_a_backup_tells_what_is_in_it_and_how_secret_it_is(tmp_path: Path) -> None:
    told = said("backup", "chat.tar")
    size = (tmp_path / "chat.tar").stat().st_size / 1_000_000
    assert f"chat.tar: {size:.1f} MB" in told
    for part in ("history", "document index", "1 waiting upload,", "the secret"):
        assert part in told
    assert "as secret as the data folder" in told


def test_a_secret_that_is_set_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYCHAT_SECRET", "x" * 32)
    assert "STEADYCHAT_SECRET" in said("backup", "chat.tar")


def test_a_restore_tells_where_the_old_data_is(data: Path) -> None:
    said("backup", "chat.tar")
    fill(places_in(data), "new")
    told = said("restore", "chat.tar")
    assert words(places_in(data)) == ["old"] * 5
    (aside,) = data.glob("replaced-*")
    assert str(aside) in told


def test_data_that_came_back_otherwise_are_marked(data: Path) -> None:
    assert "new epoch" in said("restored")


def test_an_existing_file_is_kept_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "chat.tar").write_text("precious")
    assert "--overwrite" in refusal("backup", "chat.tar")
    said("backup", "chat.tar", "--overwrite")


def test_a_folder_of_data_that_is_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(tmp_path / "elsewhere"))
    assert "STEADYCHAT_DATA_DIR" in refusal("backup", "chat.tar")
    assert "STEADYCHAT_DATA_DIR" in refusal("restored")


@pytest.mark.parametrize("url", ["postgresql+asyncpg://ann:password@localhost/chat", "sqlite://"])
def test_a_database_that_is_no_file(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("STEADYCHAT_DATABASE_URL", url)
    for command in (["backup", "chat.tar"], ["restore", "chat.tar"], ["restored"]):
        told = refusal(*command)
        assert "STEADYCHAT_DATABASE_URL" in told
        assert "password" not in told


def test_a_running_server(data: Path) -> None:
    said("backup", "chat.tar")
    lock = DataFolderLock(data)
    lock.take()
    assert "stop it first" in refusal("restore", "chat.tar")
    assert "stop it first" in refusal("restored")
    assert "in use" in refusal("migrate")
    lock.release()


def test_a_restore_that_was_cut_off_is_finished_by_whoever_takes_the_folder(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("backup", "chat.tar")
    fill(places_in(data), "new")
    with monkeypatch.context() as cut:
        cut.setattr("api.backup.journal.finish", lambda folder: False)
        said("restore", "chat.tar")
    assert words(places_in(data)) == ["new"] * 5
    assert "not finished" in refusal("backup", "other.tar")
    said("migrate")
    assert words(places_in(data)) == ["old"] * 5


@pytest.mark.parametrize("name", ["steadychat.db", "index.db"])
def test_a_file_that_is_no_database(data: Path, name: str) -> None:
    (data / name).write_text("no database, but long enough to look like one" * 40)
    assert "damaged" in refusal("backup", "chat.tar")


def test_a_database_of_somebody_elses(data: Path) -> None:
    (data / "steadychat.db").unlink()
    sqlite3.connect(data / "steadychat.db").close()
    (data / "steadychat.db").write_bytes(b"")
    assert "no history" in refusal("backup", "chat.tar")
    assert "no history" in refusal("restored")
