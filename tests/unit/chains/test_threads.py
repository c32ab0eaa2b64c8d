from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from chains.threads import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio


async def all_of(pool: ThreadPool, count: int) -> list[int]:
    return [each async for each in pool.iterate(lambda: iter(range(count)))]


async def test_an_iterator_is_pulled_to_its_end_in_order() -> None:
    assert await all_of(ThreadPool(), 100) == list(range(100))


async def test_what_the_iterator_raises_comes_after_what_it_yielded() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    stream = ThreadPool().iterate(failing)
    assert await anext(stream) == 1
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
async def test_whatever_the_iterator_raises_its_thread_goes_on(error: type[BaseException]) -> None:
    def failing() -> Iterator[int]:
        try:
            yield 1
            raise error
        finally:
            raise error

    pool = ThreadPool(limit=1)
    stream, stopped = pool.iterate(failing), pool.iterate(failing)
    async with asyncio.timeout(5):
        assert await anext(stream) == 1
        with pytest.raises(error):
            await anext(stream)
        assert await anext(stopped) == 1
        await stopped.aclose()
        assert await all_of(pool, 3) == [0, 1, 2]
    assert pool.abandoned == 0


async def test_all_items_come_from_one_thread() -> None:
    def names() -> Iterator[int]:
        for _ in range(5):
            yield threading.get_ident()

    assert len({each async for each in ThreadPool().iterate(names)}) == 1


async def test_a_stopped_iterator_is_closed_in_its_thread() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    stream = ThreadPool().iterate(endless)
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(closed.wait, 5)


async def test_stopping_ends_at_once_while_the_thread_is_abandoned_and_counted() -> None:
    gate, inside, done = threading.Event(), threading.Event(), threading.Event()

    def stuck() -> Iterator[int]:
        try:
            inside.set()
            gate.wait(5)
            yield 1
        finally:
            done.set()

    pool = ThreadPool()
    stream = pool.iterate(stuck)
    pulling = asyncio.ensure_future(anext(stream))
    await asyncio.to_thread(inside.wait, 5)
    pulling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulling
    assert pool.abandoned == 1
    gate.set()
    assert await asyncio.to_thread(done.wait, 5)
    assert await all_of(pool, 3) == [0, 1, 2]


async def test_more_iterators_than_threads_wait_for_one() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def counted() -> Iterator[int]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        yield 1
        with lock:
            running -= 1

    pool = ThreadPool(limit=2)

    async def one() -> list[int]:
        return [each async for each in pool.iterate(counted)]

    assert await asyncio.gather(*(one() for _ in range(8))) == [[1]] * 8
    assert most <= 2
