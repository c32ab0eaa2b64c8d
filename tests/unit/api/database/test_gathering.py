"""Parts wait a moment for others; whatever cannot wait goes alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine

from api.database import gathering
from api.database.gathering import GATHER_S
from api.database.jobs import Job, Outcome, RefusedError, Transaction, resolve
from api.database.writer import Writer

pytestmark = pytest.mark.anyio


class NotNowError(RefusedError):
    pass


class Timers:
    """Stands for the loop in which a writer lets parts gather; time passes when a test says so."""

    def __init__(self) -> None:
        self.running: list[Timer] = []

    def call_later(self, delay: float, callback: Callable[[], None]) -> "Timer":
        self.running.append(Timer(self, delay, callback))
        return self.running[-1]

    def go_off(self) -> None:
        for timer in list(self.running):
            timer.callback()


class Timer:
    def __init__(self, timers: Timers, delay: float, callback: Callable[[], None]) -> None:
        self._timers = timers
        self.delay = delay
        self.callback = callback

    def cancel(self) -> None:
        self._timers.running.remove(self)


class Done:
    """What a writer has done: parts as a list for those of one commit, units by their names."""

    def __init__(self, writer: Writer) -> None:
        self.order: list[object] = []
        self.transactions: list[Transaction] = []
        self._writer = writer

    def add(self, part: str, *, urgent: bool = False) -> "asyncio.Future[str]":
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._writer.add(part, self._together, partial(resolve, future), urgent=urgent)
        return future

    def unit(self, name: str) -> Callable[[Transaction], None]:
        return lambda transaction: self._note(transaction, name)

    def _together(self, transaction: Transaction, parts: Sequence[str]) -> Sequence[Outcome]:
        self._note(transaction, list(parts))
        return [NotNowError() if part == "refused" else part.upper() for part in parts]

    def _note(self, transaction: Transaction, what: object) -> None:
        self.order.append(what)
        self.transactions.append(transaction)


@pytest.fixture
async def writer(engine: Engine) -> AsyncIterator[Writer]:
    writer = Writer(engine, lambda _events, _gone: None)
    await writer.start()
    yield writer
    await writer.close()


@pytest.fixture
def timers(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> Timers:
    timers = Timers()
    monkeypatch.setattr(writer, "_loop", timers)
    return timers


@pytest.fixture
def done(writer: Writer) -> Done:
    return Done(writer)


async def settled(writer: Writer) -> None:
    """All that was handed over is done, and what gathers still gathers."""
    handed_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    job = Job(lambda _: None, partial(resolve, handed_over), aside=True)
    writer._jobs.put([job])
    await handed_over


async def test_parts_that_come_within_the_time_share_a_commit(
    writer: Writer, timers: Timers, done: Done
) -> None:
    parts = []
    for name in "abc":
        parts.append(done.add(name))
        await settled(writer)
    assert done.order == []
    assert [timer.delay for timer in timers.running] == [GATHER_S[0]], "the first of them is waited with"
    timers.go_off()
    assert await asyncio.gather(*parts) == ["A", "B", "C"]
    assert done.order == [["a", "b", "c"]]


async def test_who_comes_after_the_time_waits_anew(timers: Timers, done: Done) -> None:
    for name in "ab":
        part = done.add(name)
        assert len(timers.running) == 1
        timers.go_off()
        assert not timers.running
        assert await part == name.upper()
    assert done.order == [["a"], ["b"]]


async def test_the_time_passes_by_itself(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "GATHER_S", (0, 0))
    async with asyncio.timeout(10):
        assert [*await asyncio.gather(done.add("a"), done.add("b"))] == ["A", "B"]
        assert await done.add("c") == "C"
    assert done.order == [["a", "b"], ["c"]]


async def test_one_that_is_urgent_goes_before_those_that_gather(timers: Timers, done: Done) -> None:
    waiting = [done.add("a"), done.add("b")]
    assert await done.add("c", urgent=True) == "C"
    assert not any(part.done() for part in waiting)
    timers.go_off()
    assert await asyncio.gather(*waiting) == ["A", "B"]
    assert done.order == [["c"], ["a", "b"]]


@pytest.mark.parametrize("durable", [True, False])
async def test_a_unit_waits_for_nothing_that_gathers(
    writer: Writer, timers: Timers, done: Done, *, durable: bool
) -> None:
    waiting = done.add("a")
    await writer.submit(done.unit("unit"), durable=durable)
    await writer.aside(done.unit("aside"))
    timers.go_off()
    assert await waiting == "A"
    assert done.order == ["unit", "aside", ["a"]]


async def test_in_a_commit_parts_stand_where_the_first_of_them_stood(
    writer: Writer, timers: Timers, done: Done
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait(_: Transaction) -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)

    asked: list[asyncio.Future[Any]] = [writer.submit(wait, durable=False)]
    await begun.wait()
    asked.append(writer.submit(done.unit("first"), durable=False))
    asked.append(done.add("a", urgent=True))
    asked.append(writer.submit(done.unit("second"), durable=False))
    asked.append(done.add("b", urgent=True))
    asked.append(writer.submit(done.unit("third"), durable=False))
    go_on.set()
    await asyncio.gather(*asked)
    assert done.order == ["first", ["a", "b"], "second", "third"]


@pytest.mark.parametrize(("took", "waits"), [(0.001, GATHER_S[0]), (0.003, 0.009), (3.0, GATHER_S[1])])
async def test_parts_gather_longer_where_commits_take_longer(
    writer: Writer, timers: Timers, done: Done, monkeypatch: pytest.MonkeyPatch, took: float, waits: float
) -> None:
    clock = iter([100.0, 100.0 + took])
    monkeypatch.setattr(writer._gathering, "_clock", lambda: next(clock))
    await done.add("a", urgent=True)
    part = done.add("b")
    assert [timer.delay for timer in timers.running] == [pytest.approx(waits)]
    monkeypatch.undo()
    writer.hurry()
    assert await part == "B"
    assert timers.running == []


async def test_a_part_that_is_refused_does_not_disturb_the_others(timers: Timers, done: Done) -> None:
    parts = [done.add("a"), done.add("refused"), done.add("b")]
    timers.go_off()
    refused, *others = await asyncio.gather(parts[1], parts[0], parts[2], return_exceptions=True)
    assert isinstance(refused, NotNowError)
    assert others == ["A", "B"]
    assert done.order == [["a", "refused", "b"]]


async def test_closing_commits_what_gathers(writer: Writer, timers: Timers, done: Done) -> None:
    waiting = [done.add("a"), done.add("b")]
    await writer.close()
    assert [part.result() for part in waiting] == ["A", "B"]
    assert done.order == [["a", "b"]]
    assert timers.running == []


async def test_nothing_gathers_in_a_closed_writer(writer: Writer, done: Done) -> None:
    await writer.close()
    with pytest.raises(RuntimeError):
        done.add("late")
    await writer.close()
    assert done.order == []
