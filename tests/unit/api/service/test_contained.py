"""A stranger's code may fail in its task; it cannot end the process."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

import pytest

from api.service.contained import ExitRefusedError, Origin, begun_from, contained_task

pytestmark = pytest.mark.anyio

EXITS = [SystemExit, KeyboardInterrupt, GeneratorExit]


async def leave(error: type[BaseException]) -> None:
    await asyncio.sleep(0)
    raise error


async def at_once(error: type[BaseException]) -> None:
    raise error


async def in_a_task(error: type[BaseException]) -> None:
    await asyncio.create_task(leave(error))


async def in_a_group(error: type[BaseException]) -> None:
    await asyncio.gather(asyncio.sleep(0), in_a_task(error))


async def in_a_thread(error: type[BaseException]) -> None:
    def quits() -> None:
        raise error

    await asyncio.get_running_loop().run_in_executor(None, quits)


async def when_cancelled(error: type[BaseException]) -> None:
    inner = asyncio.create_task(hang_until_cancelled(error))
    await asyncio.sleep(0)
    inner.cancel()
    await inner


async def hang_until_cancelled(error: type[BaseException]) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise error from None


@pytest.mark.parametrize("error", EXITS)
@pytest.mark.parametrize("leaving", [at_once, leave, in_a_task, in_a_group, in_a_thread, when_cancelled])
async def test_nobody_leaves_a_contained_task(
    leaving: Callable[[type[BaseException]], Awaitable[None]], error: type[BaseException]
) -> None:
    async def run() -> None:
        await leaving(error)

    with pytest.raises(ExitRefusedError, match=error.__name__):
        await contained_task(run(), Origin())


async def test_its_result_and_its_failure_are_its_own() -> None:
    async def gives() -> int:
        return await asyncio.create_task(asyncio.sleep(0, 7))

    async def fails() -> None:
        raise LookupError

    assert await contained_task(gives(), Origin()) == 7
    with pytest.raises(LookupError):
        await contained_task(fails(), Origin())


async def test_a_task_cancelled_before_it_began_leaves_nothing_behind() -> None:
    async def cancels() -> bool:
        inner = asyncio.create_task(asyncio.sleep(0))
        inner.cancel()
        await asyncio.wait({inner})
        return inner.cancelled()

    assert await contained_task(cancels(), Origin())


async def test_a_task_tells_whether_it_has_begun() -> None:
    """anyio asks for it before it cancels a task."""

    async def states() -> list[str]:
        inner = asyncio.create_task(asyncio.Event().wait())
        found: list[str] = []
        for _ in range(2):
            found.append(inspect.getcoroutinestate(cast("Coroutine[Any, Any, Any]", inner.get_coro())))
            await asyncio.sleep(0)
        inner.cancel()
        return found

    assert await contained_task(states(), Origin()) == [inspect.CORO_CREATED, inspect.CORO_SUSPENDED]


async def test_another_factory_goes_on_making_the_tasks() -> None:
    loop = asyncio.get_running_loop()
    made: list[Any] = []
    before = loop.get_task_factory()

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **options)

    loop.set_task_factory(factory)
    try:
        await contained_task(asyncio.sleep(0), Origin())
        outside = asyncio.sleep(0)
        await asyncio.create_task(outside)
    finally:
        loop.set_task_factory(before)
    assert len(made) == 2
    assert made[1] is outside, "what begins elsewhere is left as it is"


async def test_what_was_begun_from_a_task_is_known_until_it_ends() -> None:
    origin, released = Origin(), asyncio.Event()

    async def begins() -> None:
        asyncio.create_task(released.wait(), name="inner")  # noqa: RUF006 - its loss is what is looked for
        await asyncio.sleep(0)

    outer = contained_task(begins(), origin)
    other = contained_task(released.wait(), Origin())
    assert begun_from(origin) == {outer}
    await outer
    inner = begun_from(origin)
    assert {task.get_name() for task in inner} == {"inner"}
    released.set()
    await asyncio.gather(other, *inner)
    assert begun_from(origin) == set()
