"""One process to a data folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.database.lock import DataFolderInUseError, DataFolderLock

HOLD = """
import sys
from pathlib import Path
from api.database.lock import DataFolderLock
lock = DataFolderLock(Path(sys.argv[1]))
lock.take()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = DataFolderLock(tmp_path), DataFolderLock(tmp_path)
    first.take()
    with pytest.raises(DataFolderInUseError, match=tmp_path.name):
        second.take()
    first.release()
    first.release()
    second.take()
    second.release()


def test_one_that_the_superuser_takes_belongs_to_whom_the_folder_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the server, as a user of its own, could not take it afterwards."""
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda descriptor, uid, gid: given.append((uid, gid)))
    lock = DataFolderLock(tmp_path)
    lock.take()
    lock.release()
    assert given == [(tmp_path.stat().st_uid, tmp_path.stat().st_gid)]


def test_the_folder_is_made(tmp_path: Path) -> None:
    lock = DataFolderLock(tmp_path / "a" / "b")
    lock.take()
    lock.release()
    assert (tmp_path / "a" / "b").is_dir()


def test_a_lock_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    root = Path(__file__).parents[4]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock = DataFolderLock(tmp_path)
        with pytest.raises(DataFolderInUseError):
            lock.take()
        holder.kill()
        holder.wait(10)
        lock.take()
        lock.release()


def test_a_database_elsewhere_belongs_to_one_folder_only(tmp_path: Path) -> None:
    file = tmp_path / "shared" / "chat.db"
    first, second = DataFolderLock(tmp_path / "a", file), DataFolderLock(tmp_path / "b", file)
    first.take()
    with pytest.raises(DataFolderInUseError, match="shared"):
        second.take()
    free = DataFolderLock(tmp_path / "b")
    free.take()  # what was taken before the refusal was let go
    free.release()
    first.release()
    second.take()
    second.release()
