"""Opened whole or not at all."""

from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from api.database.database import Database, open_database
from api.database.lock import DataFolderInUseError, DataFolderLock
from tests.support.clocks import CountedIds

pytestmark = pytest.mark.anyio


def opened(folder: Path, new_id: CountedIds) -> Database:
    lock = DataFolderLock(folder)
    lock.take()
    return open_database(f"sqlite:///{folder / 'chat.db'}", lock, new_id)


async def test_the_epoch_outlives_a_clean_end(tmp_path: Path) -> None:
    new_id = CountedIds()
    first = opened(tmp_path, new_id)
    await first.close()
    second = opened(tmp_path, new_id)
    await second.close()
    assert first.epoch == second.epoch


async def test_the_folder_is_taken_until_it_is_closed(tmp_path: Path) -> None:
    first = opened(tmp_path, CountedIds())
    with pytest.raises(DataFolderInUseError):
        DataFolderLock(tmp_path).take()
    await first.close()
    again = DataFolderLock(tmp_path)
    again.take()
    again.release()


async def test_one_that_could_not_be_opened_can_be_once_it_is_repaired(tmp_path: Path) -> None:
    (tmp_path / "chat.db").write_bytes(b"no database at all, but long enough to look at" * 100)
    lock = DataFolderLock(tmp_path)
    lock.take()
    with pytest.raises(SQLAlchemyError):
        open_database(f"sqlite:///{tmp_path / 'chat.db'}", lock, CountedIds())
    (tmp_path / "chat.db").unlink()
    await open_database(f"sqlite:///{tmp_path / 'chat.db'}", lock, CountedIds()).close()
