"""Reads that belong together see one moment."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from api.core.errors import ChatError, Code
from api.database.engine import READERS
from api.database.snapshot import _waiting, carried_through, snapshot
from api.database.tables import messages
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio

COUNT = select(func.count()).select_from(messages)


async def test_what_is_committed_meanwhile_is_not_seen(backend: Backend) -> None:
    await backend.exchange()
    async with snapshot(backend.database.readers) as connection:
        before = (await connection.execute(COUNT)).scalar_one()
        await backend.exchange()
        assert (await connection.execute(COUNT)).scalar_one() == before
    async with snapshot(backend.database.readers) as connection:
        assert (await connection.execute(COUNT)).scalar_one() == before + 2


async def test_a_database_that_cannot_be_read_is_told_as_such(backend: Backend) -> None:
    with pytest.raises(ChatError) as refused:
        async with snapshot(backend.database.readers) as connection:
            await connection.exec_driver_sql("SELECT * FROM nowhere")
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert refused.value.retry_after_ms
    assert isinstance(refused.value.__cause__, OperationalError)


async def test_a_reader_that_is_cancelled_leaves_and_its_read_ends_by_itself() -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @carried_through
    async def read() -> None:
        begun.set()
        await go_on.wait()
        ended.set()

    reader = asyncio.create_task(read())
    await begun.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert not ended.is_set()
    go_on.set()
    async with asyncio.timeout(1):
        await ended.wait()


async def test_a_read_that_still_waits_for_its_place_is_not_made_for_whoever_has_left(
    backend: Backend,
) -> None:
    readers = backend.database.readers
    made: list[str] = []

    @carried_through
    async def read(name: str) -> None:
        async with snapshot(readers):
            made.append(name)

    async with AsyncExitStack() as others:
        for _ in range(READERS):
            await others.enter_async_context(snapshot(readers))
        leaver, stayer = asyncio.create_task(read("left")), asyncio.create_task(read("stayed"))
        await until_waiting(2)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
    async with asyncio.timeout(5):
        await stayer
        for _ in range(READERS):  # all places are free again
            await readers.room.acquire()
    assert made == ["stayed"]
    for _ in range(READERS):
        readers.room.release()


async def until_waiting(count: int) -> None:
    async with asyncio.timeout(5):
        while len(_waiting) < count:  # noqa: ASYNC110 - nothing tells of who waits
            await asyncio.sleep(0)


async def test_what_is_read_and_what_it_raises_reach_the_reader() -> None:
    @carried_through
    async def read(value: int) -> int:
        if value < 0:
            raise ValueError(value)
        return value

    assert await read(1) == 1
    with pytest.raises(ValueError, match="-1"):
        await read(-1)
