"""A server that cannot start says in one line why, and what to do."""

import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.database.lock import DataFolderLock
from api.main import cli
from tests.faults.disk import small_disk
from tests.support.logs import logs_restored

WANTS_MORE = """
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

prompt = ChatPromptTemplate.from_template("{question} in the style of {poet}")
chain = prompt | FakeListChatModel(responses=["a rose"]) | StrOutputParser()
number = 7
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STEADYCHAT_CHAINS", "scripted=chains.scripted:build")
    with logs_restored():
        yield tmp_path


def refusal(*arguments: str) -> str:
    """The one line that the command ends with."""
    result = CliRunner().invoke(cli, ["serve", "--port", "0", *arguments])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_a_taken_port(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        said = refusal("--port", port)
    assert port in said
    assert "--port" in said


def test_an_address_of_another_machine() -> None:
    assert "192.0.2.1" in refusal("--host", "192.0.2.1")


def test_a_name_that_is_no_address() -> None:
    assert "no.such.host.invalid" in refusal("--host", "no.such.host.invalid")


def test_a_second_process_on_the_same_data_folder(folder: Path) -> None:
    lock = DataFolderLock(folder / "data")
    lock.take()
    try:
        said = refusal()
    finally:
        lock.release()
    assert str(folder / "data") in said
    assert "STEADYCHAT_DATA_DIR" in said


def test_a_data_folder_that_is_a_file(folder: Path) -> None:
    (folder / "data").write_text("")
    assert str(folder / "data") in refusal()


def test_a_database_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYCHAT_DATABASE_URL", "postgresql+asyncpg://somebody:password@localhost/chat")
    said = refusal()
    assert "STEADYCHAT_DATABASE_URL" in said
    assert "password" not in said


def test_a_database_that_is_none(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "steadychat.db").write_text("not a database, but long enough to look like one" * 40)
    assert "cannot be opened" in refusal()


def test_a_database_that_may_only_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the test may write everything, so SQLite itself is told not to."""
    file = folder / "old.db"
    sqlite3.connect(file).close()
    file.write_bytes(b"")
    monkeypatch.setenv("STEADYCHAT_DATABASE_URL", f"sqlite:///file:{file}?mode=ro&uri=true")
    assert "may not be written" in refusal()


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(1, tmp_path / "disk") as disk:
        monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(disk.folder / "data"))
        disk.fill(os.getpid())
        first = refusal()
        disk.free(os.getpid())
        assert str(disk.folder) in first
        assert CliRunner().invoke(cli, ["migrate"]).exit_code == 0
        disk.fill(os.getpid())
        second = refusal()
        disk.free(os.getpid())
        assert str(disk.folder) in second
        assert CliRunner().invoke(cli, ["migrate"]).exit_code == 0


@pytest.mark.parametrize(
    ("chains", "named"),
    [
        ("mine", "mine"),
        ("mine=", "mine"),
        ("mine=nowhere:chain", "nowhere"),
        ("mine=own:nothing", "nothing"),
        ("mine=own:number", "mine"),
        ("mine=own:chain", "poet"),
        ("a=own:chain,a=own:chain", "a"),
        ("", "STEADYCHAT_CHAINS"),
    ],
)
def test_a_bad_chain(folder: Path, monkeypatch: pytest.MonkeyPatch, chains: str, named: str) -> None:
    (folder / "own.py").write_text(WANTS_MORE)
    monkeypatch.setenv("STEADYCHAT_CHAINS", chains or ",")
    said = refusal()
    assert named in said
    assert "STEADYCHAT_CHAINS" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("AUTH", "magic"),
        ("TIMEOUT_GAP", "-1"),
        ("ROOT_PATH", "ask/"),
        ("RETENTION_PIECES", "10"),
    ],
)
def test_a_setting_that_is_not_allowed(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"STEADYCHAT_{name}", value)
    result = CliRunner().invoke(cli, ["serve"])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert f"STEADYCHAT_{name}" in result.stderr


def test_tokens_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYCHAT_AUTH", "jwt")
    assert "JWT_SECRET" in refusal()


def test_two_data_folders_with_one_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "shared.db"
    lock = DataFolderLock(folder / "other", file)
    lock.take()
    monkeypatch.setenv("STEADYCHAT_DATABASE_URL", f"sqlite:///{file}")
    try:
        said = refusal()
    finally:
        lock.release()
    assert str(file) in said
    assert "STEADYCHAT_DATABASE_URL" in said


def test_a_secret_that_is_empty(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "secret").write_text("")
    assert "is empty" in refusal()


def test_a_document_index_that_is_none(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "index.db").write_text("not an index, but long enough to look like one" * 40)
    assert "document index" in refusal()
