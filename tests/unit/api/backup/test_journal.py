"""What was decided is finished, however often it is begun."""

import shutil
from pathlib import Path

import pytest

from api.backup.journal import JOURNAL, Move, carry_out, finish, unfinished
from api.backup.refusals import BackupRefused

MOVES = [Move("staged/a", "a", "aside/a"), Move(None, "b", "aside/b")]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


def texts(folder: Path) -> dict[str, str]:
    return {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*") if each.is_file()}


def decided(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is staged and written down, and nothing moved."""
    write(folder, a="old", b="old", staged__a="new")
    with monkeypatch.context() as cut:
        cut.setattr("api.backup.journal.finish", lambda folder: False)
        carry_out(folder, MOVES, ["staged"])
    assert unfinished(folder)


def test_what_is_staged_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    write(tmp_path, a="old", b="old", staged__a="new")
    carry_out(tmp_path, MOVES, ["staged"])
    assert texts(tmp_path) == {"a": "new", "aside/a": "old", "aside/b": "old"}
    assert not (tmp_path / "staged").exists()
    assert not unfinished(tmp_path)
    assert not finish(tmp_path)


def test_the_folder_may_be_mounted_elsewhere_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "before").mkdir()
    decided(tmp_path / "before", monkeypatch)
    (tmp_path / "before").rename(tmp_path / "after")
    assert finish(tmp_path / "after")
    assert texts(tmp_path / "after") == {"a": "new", "aside/a": "old", "aside/b": "old"}


def test_what_somebody_makes_in_the_middle_does_not_replace_what_was_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(tmp_path, monkeypatch)
    write(tmp_path, aside__a="old", a="made meanwhile")
    assert finish(tmp_path)
    assert texts(tmp_path) == {
        "a": "new",
        "aside/a": "old",
        "aside/a.again": "made meanwhile",
        "aside/b": "old",
    }


def test_something_staged_that_is_gone_is_told_and_nothing_is_taken_for_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(tmp_path, monkeypatch)
    shutil.rmtree(tmp_path / "staged")
    (tmp_path / "a").unlink()
    with pytest.raises(BackupRefused, match="cannot be finished"):
        finish(tmp_path)
    assert (tmp_path / JOURNAL).exists()
