import shutil
from pathlib import Path

import pytest

from loadtests.cluster import copies
from loadtests.cluster.account import MYSELF
from loadtests.cluster.copies import copied


@pytest.fixture
def install(tmp_path: Path) -> Path:
    """Two programs that find their library by a relative path; nobody else may enter the folder."""
    made = tmp_path / "site" / "package" / "install"
    (made / "bin").mkdir(parents=True)
    (made / "include").mkdir()
    (made / "include" / "server.h").touch()
    libraries = tmp_path / "site" / "package.libs"
    libraries.mkdir()
    for name in (made / "bin" / "postgres", libraries / "libpq.so"):
        name.write_text(name.name)
        name.chmod(0o700)
    return made


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr(copies, "temporary", lambda _: made)
    return made


def test_a_copy_has_what_is_needed_where_it_is_looked_for(install: Path, base: Path) -> None:
    copy = copied(install, MYSELF, "copy")
    assert (copy / "bin" / "postgres").read_text() == "postgres"
    assert (copy / "bin" / "postgres").stat().st_mode & 0o777 == 0o755
    assert (copy / "bin" / "../../../package.libs/libpq.so").read_text() == "libpq.so"
    assert not (copy / "include").exists()
    assert [path.name for path in base.iterdir()] == ["copy"]


def test_it_is_made_once(install: Path) -> None:
    first = (copied(install, MYSELF, "copy") / "bin" / "postgres").stat()
    assert (copied(install, MYSELF, "copy") / "bin" / "postgres").stat() == first


def test_it_is_made_again_when_a_file_was_cleared_away(install: Path, base: Path) -> None:
    (copied(install, MYSELF, "copy") / "bin" / "postgres").unlink()
    assert (copied(install, MYSELF, "copy") / "bin" / "postgres").exists()
    assert [path.name for path in base.iterdir()] == ["copy"]


def test_that_of_a_faster_process_stays(install: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = base / "copy"
    readable = copies._readable

    def slow(fresh: Path) -> None:
        readable(fresh)
        shutil.copytree(fresh, theirs)
        (theirs / "theirs").touch()

    monkeypatch.setattr(copies, "_readable", slow)
    copied(install, MYSELF, "copy")
    assert (theirs / "theirs").exists()
    assert [path.name for path in base.iterdir()] == ["copy"]
