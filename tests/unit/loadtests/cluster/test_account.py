import os
from pathlib import Path

from loadtests.cluster.account import MYSELF, owner, temporary, unprivileged


def test_root_becomes_somebody_else_and_everybody_else_stays_who_they_are() -> None:
    assert (unprivileged() == MYSELF) == (os.geteuid() != 0)
    assert unprivileged().user != 0
    assert unprivileged().can("test", "-x", temporary(unprivileged()))


def test_data_of_a_user_are_served_as_that_user_and_data_of_root_as_another(tmp_path: Path) -> None:
    assert owner(tmp_path) == unprivileged()
    unprivileged().own(tmp_path)
    assert owner(tmp_path) == unprivileged()


def test_what_cannot_be_run_does_not_succeed() -> None:
    assert MYSELF.can("true")
    assert not MYSELF.can("false")
    assert not MYSELF.can("/no/such/program")


def test_a_folder_that_only_its_owner_may_enter_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert unprivileged().may_enter(tmp_path) == (os.geteuid() != 0)
