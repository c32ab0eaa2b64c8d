"""A server that leaves sends each of its connections elsewhere, and waits for them for a while."""

import asyncio

import pytest

from api.doors import farewell as farewell_module
from api.doors.farewell import RETRY_MS, Farewell

pytestmark = pytest.mark.anyio


class Told:
    def __init__(self) -> None:
        self.after: list[int] = []
        self.came = asyncio.Event()

    def say_draining(self, retry_after_ms: int) -> None:
        self.after.append(retry_after_ms)
        self.came.set()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farewell_module, "SPREAD_S", 0.02)
    monkeypatch.setattr(farewell_module, "GOING_S", 0.05)


async def test_each_is_told_once_and_when_all_are_gone_it_is_over() -> None:
    farewell = Farewell(draw=iter([0.5, 1.0]).__next__)
    one, two = Told(), Told()
    with farewell.of(one):
        with farewell.of(two):
            leaving = asyncio.create_task(farewell())
            await asyncio.gather(one.came.wait(), two.came.wait())
        assert not leaving.done()
    await leaving
    assert (one.after, two.after) == ([RETRY_MS], [RETRY_MS])


async def test_whoever_does_not_go_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farewell_module, "RETRY_MS", 1)
    farewell, deaf = Farewell(), Told()
    with farewell.of(deaf):
        await farewell()
    assert deaf.after == [1]


async def test_without_connections_there_is_nothing_to_wait_for() -> None:
    await Farewell()()


async def test_whoever_comes_meanwhile_is_told_as_well() -> None:
    farewell, first, late = Farewell(), Told(), Told()
    with farewell.of(first):
        leaving = asyncio.create_task(farewell())
        await first.came.wait()
        with farewell.of(late):
            await late.came.wait()
    await leaving
    assert late.after == [RETRY_MS]


async def test_whoever_has_left_before_their_turn_is_told_nothing() -> None:
    farewell, gone, there = Farewell(draw=iter([1.0, 1.0]).__next__), Told(), Told()
    with farewell.of(there):
        with farewell.of(gone):
            leaving = asyncio.create_task(farewell())
            await asyncio.sleep(0)
        await there.came.wait()
    await leaving
    assert gone.after == []
