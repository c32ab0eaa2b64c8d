import shutil
from pathlib import Path

import pytest

from loadtests.cluster import places
from loadtests.cluster.account import MYSELF, Account


class Outsider(Account):
    """May enter nothing."""

    def may_enter(self, folder: Path) -> bool:
        return False


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setattr(places, "temporary", lambda _: made)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def elsewhere(folder: Path) -> Path:
    home = places.home(folder, Outsider())
    (home / "data").mkdir()
    places.link(folder, home / "data")
    return home


def test_data_lie_in_the_folder_if_the_account_may_enter_it(folder: Path) -> None:
    assert places.home(folder, MYSELF) == folder
    (folder / "data").mkdir()
    places.link(folder, folder / "data")
    assert not (folder / "data").is_symlink()


def test_else_they_lie_among_temporary_files_and_the_folder_has_a_link(folder: Path, base: Path) -> None:
    home = elsewhere(folder)
    assert home.parent == base
    assert (folder / "data").samefile(home / "data")


def test_a_link_to_data_that_were_cleared_away_is_made_anew(folder: Path) -> None:
    shutil.rmtree(elsewhere(folder))
    home = elsewhere(folder)
    assert (folder / "data").samefile(home / "data")


def test_data_go_when_their_folder_has_gone_and_not_before(folder: Path, tmp_path: Path, base: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    kept = elsewhere(other)
    gone = elsewhere(folder)
    assert {*base.iterdir()} == {kept, gone}
    shutil.rmtree(folder)
    folder.mkdir()
    anew = elsewhere(folder)
    assert {*base.iterdir()} == {kept, anew}


def test_a_passing_folder_is_gone_afterwards() -> None:
    with places.passing() as made:
        (made / "server").mkdir()
        assert made.stat().st_mode & 0o011 == 0o011
    assert not made.exists()
