"""Reads that belong together see one moment; those of whoever has left are not made."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import pytest
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import OperationalError, ProgrammingError

from api.core.errors import ChatError, Code
from api.database.readers import READERS, Readers
from api.database.tables import messages
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio

T = TypeVar("T")
COUNT = select(func.count()).select_from(messages)


@pytest.fixture
def readers(backend: Backend) -> Readers:
    return backend.database.readers


def count(connection: Connection) -> int:
    return connection.execute(COUNT).scalar_one()


def noting(made: list[T], what: T) -> Callable[[Connection], None]:
    return lambda _: made.append(what)


@asynccontextmanager
async def all_busy(backend: Backend) -> AsyncIterator[None]:
    """Every thread is in the middle of a read."""
    async with AsyncExitStack() as others:
        for _ in range(READERS):
            await others.enter_async_context(backend.read_under_way())
        yield


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("reader ")}


async def test_what_is_committed_meanwhile_is_not_seen(backend: Backend, readers: Readers) -> None:
    await backend.exchange()
    loop = asyncio.get_running_loop()

    def twice(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        asyncio.run_coroutine_threadsafe(backend.exchange(), loop).result(15)
        return before, count(connection)

    assert await readers.read(twice) == (2, 2)
    assert await readers.read(count) == 4


async def test_a_database_that_cannot_be_read_is_told_as_such_and_read_again(readers: Readers) -> None:
    for _ in range(READERS + 1):
        with pytest.raises(ChatError) as refused:
            await readers.read(lambda connection: connection.exec_driver_sql("SELECT * FROM nowhere"))
        assert refused.value.code is Code.STORAGE_UNAVAILABLE
        assert refused.value.retry_after_ms
        assert isinstance(refused.value.__cause__, OperationalError)
    assert await readers.read(count) == 0


async def test_what_a_read_raises_reaches_whoever_asked(readers: Readers) -> None:
    def refuse(_: Connection) -> None:
        raise ChatError(Code.NOT_FOUND)

    def mistake(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT ?", ())

    with pytest.raises(ChatError) as refused:
        await readers.read(refuse)
    assert refused.value.code is Code.NOT_FOUND
    with pytest.raises(ProgrammingError):
        await readers.read(mistake)
    assert await readers.read(count) == 0


async def test_a_reader_that_is_cancelled_leaves_and_its_read_ends_by_itself(readers: Readers) -> None:
    loop = asyncio.get_running_loop()
    begun, ended, go_on = asyncio.Event(), asyncio.Event(), threading.Event()

    def read(_: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(15)
        loop.call_soon_threadsafe(ended.set)

    reader = asyncio.create_task(readers.read(read))
    await begun.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert not ended.is_set()
    go_on.set()
    async with asyncio.timeout(5):
        await ended.wait()
    assert await readers.read(count) == 0


async def test_a_read_that_still_waits_for_its_turn_is_not_made_for_whoever_has_left(
    backend: Backend, readers: Readers
) -> None:
    made: list[str] = []
    async with all_busy(backend):
        names = ["left", "stayed", "came later"]
        tasks = [asyncio.create_task(readers.read(noting(made, name))) for name in names]
        await asyncio.sleep(0)
        tasks[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks[1:])
        async with all_busy(backend):  # all places are free again
            pass
    assert sorted(made) == ["came later", "stayed"]


async def test_who_asked_first_is_read_for_first(backend: Backend, readers: Readers) -> None:
    made: list[int] = []
    async with AsyncExitStack() as others:
        for _ in range(READERS - 1):  # one thread is left
            await others.enter_async_context(backend.read_under_way())
        await asyncio.gather(*(readers.read(noting(made, each)) for each in range(20)))
    assert made == list(range(20))


async def test_no_thread_is_left_at_the_end_and_a_later_read_begins_new_ones(readers: Readers) -> None:
    before = threads()
    assert await readers.read(count) == 0
    assert len(threads() - before) == READERS
    await readers.close()
    assert threads() == before
    assert await readers.read(count) == 0
    await readers.close()
    assert threads() == before


async def test_what_was_asked_for_is_read_before_the_end(backend: Backend, readers: Readers) -> None:
    async with all_busy(backend):
        reading = asyncio.create_task(readers.read(count))
        await asyncio.sleep(0)
        closing = asyncio.create_task(readers.close())
        await asyncio.sleep(0)
    await closing
    assert await reading == 0


async def test_each_thread_has_the_database_open_before_it_is_needed(readers: Readers) -> None:
    opened, loop = asyncio.Queue[None](), asyncio.get_running_loop()
    event.listen(readers.engine, "checkout", lambda *_: loop.call_soon_threadsafe(opened.put_nowait, None))
    assert await readers.read(count) == 0
    async with asyncio.timeout(10):
        for _ in range(READERS):
            await opened.get()
