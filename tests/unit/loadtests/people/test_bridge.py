"""Greenlets wait for asyncio without holding each other up; sockets and threads are not patched."""

import asyncio
import socket
import threading

import gevent
import pytest

from loadtests.people.bridge import Bridge


@pytest.fixture(scope="module")
def bridge() -> Bridge:
    return Bridge()


def test_many_greenlets_wait_at_once(bridge: Bridge) -> None:
    barrier = asyncio.Barrier(20)  # none passes before all have begun

    async def meet(number: int) -> int:
        await barrier.wait()
        return number

    waiting = [gevent.spawn(bridge.do, meet(number)) for number in range(20)]
    gevent.joinall(waiting, timeout=10)
    assert [each.value for each in waiting] == list(range(20))
    assert socket.socket.__module__ == "socket"
    assert threading.Thread.start.__module__ == "threading"


def test_what_is_raised_there_is_raised_here(bridge: Bridge) -> None:
    async def fail() -> None:
        raise LookupError("there")

    with pytest.raises(LookupError, match="there"):
        bridge.do(fail())


def test_work_outlives_the_greenlet_that_waits_for_it(bridge: Bridge) -> None:
    begun, go_on = threading.Event(), asyncio.Event()

    async def work() -> str:
        begun.set()
        await go_on.wait()
        return "done"

    future = bridge.begin(work())
    waiting = gevent.spawn(bridge.wait, future)
    gevent.sleep(0)
    assert begun.wait(10)
    waiting.kill()
    assert not future.done()
    bridge.loop.call_soon_threadsafe(go_on.set)
    assert bridge.wait(future) == "done"
