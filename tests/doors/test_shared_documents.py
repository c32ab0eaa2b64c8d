"""Two servers on one PostgreSQL: documents are the same, whichever is asked and however they come in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.main import cli
from tests.support import postgres
from tests.support.live import User, live

TEXT = b"# Roses\n\nA rose is a rose, and it is red in June.\n"


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with postgres.database() as found:
        monkeypatch.setenv("STEADYCHAT_DATABASE_URL", found)
        monkeypatch.setenv("STEADYCHAT_SECRET", "the same for all servers, long enough")
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    (made / "roses.md").write_bytes(TEXT)
    (made / "broken.pdf").write_bytes(b"%PDF-1.7 this is not one")
    return made


@contextmanager
def server(folder: Path) -> Iterator[User]:
    with live(folder) as found, found.user() as user:
        yield user


def listed(user: User) -> list[dict[str, Any]]:  # Any: whatever JSON holds
    found: list[dict[str, Any]] = user.http.get("/api/documents").raise_for_status().json()["documents"]
    return found


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["ingest", *map(str, words)])
    return result.exit_code, result.output


def test_what_is_uploaded_to_one_is_listed_and_deleted_by_another(url: str, tmp_path: Path) -> None:
    with server(tmp_path / "one") as one, server(tmp_path / "two") as two:
        sent = one.http.post("/api/documents", files={"file": ("roses.md", TEXT)})
        assert sent.status_code == 202
        (made,) = sent.json()["documents"]
        path = f"/api/documents/{made['id']}"
        assert [each["id"] for each in listed(two)] == [made["id"]]
        assert two.http.get(path).json()["bytes"] == len(TEXT)
        assert two.http.delete(path).status_code == 204
        assert one.http.get(path).status_code == 404
        assert listed(one) == []


def test_the_command_hands_files_to_all_servers_and_reports_as_ever(
    url: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(tmp_path / "command"))
    status, said = run(folder)
    assert status == 1
    assert "1 added; 1 passages written" in said
    assert "broken.pdf" in said
    (folder / "broken.pdf").unlink()
    assert run(folder) == (0, "Documents: 1 unchanged; 0 passages written.\n")
    (folder / "roses.md").write_bytes(TEXT * 2)
    assert "1 changed" in run(folder)[1]
    with server(tmp_path / "one") as one:
        (found,) = listed(one)
        assert (found["filename"], found["bytes"]) == ("roses.md", 2 * len(TEXT))
        (folder / "roses.md").rename(folder / "tulips.md")
        assert "1 added, 1 removed" in run(folder, "--prune")[1]
        assert [each["filename"] for each in listed(one)] == ["tulips.md"]
    assert not (tmp_path / "command" / "index.db").exists()


def test_the_command_says_in_a_line_that_the_database_is_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEADYCHAT_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:1/none")
    status, said = run(folder)
    assert status == 1
    assert "the database cannot be opened" in said
