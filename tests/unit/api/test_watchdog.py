"""A loop that is held up is noticed while it is, and whoever holds it is named."""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog

from api import watchdog as watchdog_module
from api.service.contained import Origin, contained_task
from api.watchdog import LOOK_S, Watchdog, counted

pytestmark = pytest.mark.anyio

WAIT_S = 15
BLOCKED, FREE = "event loop blocked", "event loop no longer blocked"


class Noted:
    """What was logged, with an event for each kind that sets as it is."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []  # Any: whatever is logged
        self.told = {BLOCKED: threading.Event(), FREE: threading.Event()}

    def __call__(self, _logger: object, _method: str, line: Any) -> Any:  # Any: structlog's own
        self.lines.append(line)
        self.told[line["event"]].set()
        raise structlog.DropEvent


@pytest.fixture
def noted() -> Iterator[Noted]:
    found = Noted()
    structlog.configure(processors=[found])
    yield found
    structlog.reset_defaults()


@pytest.fixture
async def watchdog(noted: Noted) -> AsyncIterator[Watchdog]:
    found = Watchdog()
    await found.start()
    yield found
    await found.close()


async def hold(noted: Noted) -> None:
    """Holds the loop up until that is noticed."""
    assert noted.told[BLOCKED].wait(WAIT_S)


async def over(noted: Noted) -> None:
    assert await asyncio.to_thread(noted.told[FREE].wait, WAIT_S)


async def test_a_chain_that_holds_the_loop_up_is_named_while_it_does(
    watchdog: Watchdog, noted: Noted
) -> None:
    await contained_task(hold(noted), Origin("mine"))
    await over(noted)
    first, second = noted.lines
    assert (first["event"], first["chain"]) == (BLOCKED, "mine")
    assert any(each.startswith(__file__) and each.endswith(" hold") for each in first["at"])
    assert "contained.py" not in str(first["at"]), "from the chain's own code on"
    assert (second["event"], second["chain"]) == (FREE, "mine")
    assert second["seconds"] >= 0.5
    assert watchdog.blocked == 1
    assert watchdog.blocked_seconds >= 0.5


async def test_so_it_is_in_tasks_that_the_chain_begins(watchdog: Watchdog, noted: Noted) -> None:
    async def begins() -> None:
        await asyncio.gather(hold(noted), asyncio.sleep(0))

    await contained_task(begins(), Origin("mine"))
    assert noted.lines[0]["chain"] == "mine"


async def test_our_own_code_is_found_too(watchdog: Watchdog, noted: Noted) -> None:
    waiting = contained_task(asyncio.Event().wait(), Origin("mine"))
    await asyncio.sleep(0)
    await hold(noted)
    waiting.cancel()
    await over(noted)
    assert [line["chain"] for line in noted.lines] == [None, None]
    assert any(each.endswith(" hold") for each in noted.lines[0]["at"])
    assert watchdog.blocked == 1


async def test_each_time_counts(watchdog: Watchdog, noted: Noted) -> None:
    for times in (1, 2):
        for event in noted.told.values():
            event.clear()
        await contained_task(hold(noted), Origin("mine"))
        await over(noted)
        assert watchdog.blocked == times


async def test_a_held_interpreter_is_counted_afterwards(watchdog: Watchdog, noted: Noted) -> None:
    """The watching thread cannot run then; that the process worked tells it from one that was stopped."""
    interval, until = sys.getswitchinterval(), time.process_time() + 1
    sys.setswitchinterval(100)
    try:
        while time.process_time() < until:
            sum(range(10_000_000))
    finally:
        sys.setswitchinterval(interval)
    await watchdog.close()
    assert (watchdog.blocked, noted.lines[-1]["event"]) == (1, FREE)


@pytest.mark.parametrize(
    ("elapsed", "worked", "time"),
    [
        (LOOK_S, 0, LOOK_S),
        (0.01, 0.01, 0.01),
        (60, 0, LOOK_S),
        (60, 0.001, LOOK_S + 0.001),
        (3, 3, 3),
        (3, 5, 3),
    ],
    ids=["in time", "answered", "stopped", "stopped, with a little work", "held", "by several threads"],
)
def test_only_time_in_which_the_loop_could_have_answered_counts(
    elapsed: float, worked: float, time: float
) -> None:
    assert counted(elapsed, worked) == time


async def test_a_loop_that_answers_is_not_mentioned(noted: Noted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog_module, "LOOK_S", 0.0001)
    looks, enough = 0, asyncio.Event()
    loop = asyncio.get_running_loop()
    ask = loop.call_soon_threadsafe

    def counting(*call: Any) -> Any:  # Any: a loop's own
        nonlocal looks
        looks += 1
        if looks == 200:
            ask(enough.set)
        return ask(*call)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counting)
    found = Watchdog()
    await found.start()
    await enough.wait()
    monkeypatch.undo()
    await found.close()
    assert (found.blocked, found.blocked_seconds, noted.lines) == (0, 0, [])


async def test_it_leaves_while_the_loop_is_held_up(watchdog: Watchdog, noted: Noted) -> None:
    watchdog._leaving.set()
    assert watchdog._thread is not None
    watchdog._thread.join(WAIT_S)
    assert not watchdog._thread.is_alive()
