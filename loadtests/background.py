"""Tasks of one owner: what breaks in one of them is raised where the owner waits, and none outlives it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Background:
    """Also where the owner waits for things to come true; `changed` looks again."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._waiting: set[asyncio.Future[None]] = set()
        self._watching: set[asyncio.Future[None]] = set()
        self._broken: BaseException | None = None
        self._closed = False

    def run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def later(self, delay_s: float, call: Callable[[], object]) -> None:
        """Call after a while, if the owner is still there; at once without a delay."""
        if self._closed:
            return
        if delay_s <= 0:
            call()
            return

        def due() -> None:
            self._timers.discard(timer)
            call()

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._timers.add(timer)

    def changed(self, *, a_little: bool = False) -> None:
        """Have those who wait look again; after a little thing only those who asked for that."""
        for waiting in (self._watching,) if a_little else (self._watching, self._waiting):
            for future in waiting:
                if not future.done():
                    future.set_result(None)
            waiting.clear()

    async def until(self, true: Callable[[], bool], *, often: bool = False) -> None:
        """Wait until it is true; raise what broke in the background meanwhile."""
        waiting = self._watching if often else self._waiting
        while not true():
            if self._broken is not None:
                raise self._broken
            future = asyncio.get_running_loop().create_future()
            waiting.add(future)
            try:
                await future
            finally:
                waiting.discard(future)

    async def close(self) -> None:
        self._closed = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self) -> None:
        """Raise what broke, if anything did."""
        if self._broken is not None:
            raise self._broken

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._broken = self._broken or task.exception()
            self.changed()
