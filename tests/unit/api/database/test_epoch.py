"""An epoch lasts for as long as the log cannot have gone back."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from api.database.epoch import boot_id, close_epoch, forget_epoch, open_epoch
from api.database.migrate import migrate
from tests.support.clocks import CountedIds


@pytest.fixture
def log(engine: Engine, tmp_path: Path) -> Engine:
    migrate(engine, tmp_path / "backups")
    return engine


CASES = {
    "after a clean end on the same boot": (True, "boot 1", "boot 1", True),
    "after a clean end on another boot": (True, "boot 1", "boot 2", True),
    "after a kill on the same boot": (False, "boot 1", "boot 1", True),
    "after the machine went down": (False, "boot 1", "boot 2", False),
    "after a kill where boots have no name": (False, "", "", False),
    "after a clean end where boots have no name": (True, "", "", True),
}


@pytest.mark.parametrize(("clean", "before", "now", "same"), CASES.values(), ids=CASES.keys())
def test_the_epoch(log: Engine, clean: bool, before: str, now: str, same: bool) -> None:
    new_id = CountedIds()
    first = open_epoch(log, new_id, before)
    if clean:
        close_epoch(log)
    second = open_epoch(log, new_id, now)
    assert (second == first) is same


def test_a_second_kill_on_the_new_boot_keeps_the_new_epoch(log: Engine) -> None:
    new_id = CountedIds()
    open_epoch(log, new_id, "boot 1")
    second = open_epoch(log, new_id, "boot 2")
    assert open_epoch(log, new_id, "boot 2") == second


def test_a_clean_end_is_forgotten_once_it_is_opened_again(log: Engine) -> None:
    new_id = CountedIds()
    first = open_epoch(log, new_id, "boot 1")
    close_epoch(log)
    assert open_epoch(log, new_id, "boot 1") == first
    assert open_epoch(log, new_id, "boot 2") != first


def test_a_log_that_has_gone_back_begins_a_new_one_even_after_a_clean_end(log: Engine) -> None:
    new_id = CountedIds()
    first = open_epoch(log, new_id, "boot 1")
    close_epoch(log)
    forget_epoch(log)
    second = open_epoch(log, new_id, "boot 1")
    assert second != first
    assert open_epoch(log, new_id, "boot 1") == second


def test_a_boot_is_named_the_same_all_along() -> None:
    assert boot_id() == boot_id()
