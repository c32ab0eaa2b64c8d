import asyncio

import pytest

from loadtests.background import Background

pytestmark = pytest.mark.anyio


async def test_who_waits_looks_again_when_something_changed() -> None:
    background = Background()
    seen: list[int] = []
    waiting = asyncio.ensure_future(background.until(lambda: bool(seen)))
    await asyncio.sleep(0)
    background.changed()
    await asyncio.sleep(0)
    assert not waiting.done()
    seen.append(1)
    background.changed()
    await waiting


async def test_a_little_thing_is_seen_by_who_looks_often() -> None:
    background, seen = Background(), [1]
    seldom = asyncio.ensure_future(background.until(lambda: len(seen) > 1))
    often = asyncio.ensure_future(background.until(lambda: len(seen) > 1, often=True))
    await asyncio.sleep(0)
    seen.append(2)
    background.changed(a_little=True)
    await often
    assert not seldom.done()
    background.changed()
    await seldom


async def test_what_breaks_is_raised_where_somebody_waits() -> None:
    background = Background()

    async def breaks() -> None:
        raise ZeroDivisionError

    background.run(breaks())
    with pytest.raises(ZeroDivisionError):
        await background.until(lambda: False)
    with pytest.raises(ZeroDivisionError):
        background.check()


async def test_nothing_outlives_its_owner() -> None:
    background, called = Background(), []
    task = background.run(asyncio.sleep(1000))
    background.later(0.001, lambda: called.append(1))
    await background.close()
    background.later(0, lambda: called.append(2))
    await asyncio.sleep(0.01)
    assert task.cancelled()
    assert called == []
