"""An asyncio loop in a thread of its own, for which Locust's greenlets can wait.

Locust is started with `LOCUST_SKIP_MONKEY_PATCH=1`: sockets and threads stay what asyncio expects.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import closing
from typing import Any, TypeVar

import gevent
from gevent.event import Event

_T = TypeVar("_T")


class Bridge:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="people", daemon=True)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, _T]) -> "Future[_T]":
        """Begin this in the loop. It goes on whatever becomes of the greenlet."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def wait(self, future: "Future[_T]") -> _T:
        """Wait for its end while other greenlets go on; return or raise what it does."""
        done = Event()
        # The watcher may be told from any thread, and keeps the hub from thinking that nobody waits.
        with closing(gevent.get_hub().loop.async_()) as watcher:
            watcher.start(done.set)
            future.add_done_callback(lambda _: watcher.send())
            done.wait()
        return future.result()

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self.wait(self.begin(work))
