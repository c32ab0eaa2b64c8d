"""Opened whole or not at all."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.database.database import open_database
from api.database.lock import DataFolderInUseError
from api.database.snapshot import carried_through, snapshot
from tests.support.clocks import CountedIds

pytestmark = pytest.mark.anyio


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'chat.db'}"


async def test_the_epoch_outlives_a_clean_end(tmp_path: Path) -> None:
    new_id = CountedIds()
    first = open_database(url(tmp_path), tmp_path, new_id)
    await first.close()
    second = open_database(url(tmp_path), tmp_path, new_id)
    await second.close()
    assert first.epoch == second.epoch


async def test_a_second_one_on_the_folder_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    first = open_database(url(tmp_path), tmp_path, CountedIds())
    with pytest.raises(DataFolderInUseError):
        open_database(url(tmp_path), tmp_path, CountedIds())
    await first.close()


async def test_one_that_cannot_be_opened_lets_the_folder_go(tmp_path: Path) -> None:
    (tmp_path / "chat.db").write_bytes(b"no database at all, but long enough to look at" * 100)
    with pytest.raises(SQLAlchemyError):
        open_database(url(tmp_path), tmp_path, CountedIds())
    (tmp_path / "chat.db").unlink()
    await open_database(url(tmp_path), tmp_path, CountedIds()).close()


async def test_closing_waits_for_the_reads_that_their_callers_have_left(tmp_path: Path) -> None:
    database = open_database(url(tmp_path), tmp_path, CountedIds())
    begun = asyncio.Event()
    read_whole = False

    @carried_through
    async def read() -> None:
        nonlocal read_whole
        async with snapshot(database.readers) as connection:
            begun.set()
            for _ in range(20):
                await connection.execute(text("SELECT 1"))
        read_whole = True

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await database.close()
    assert read_whole
