"""An asyncio loop in a thread of its own, for which Locust's greenlets can wait.

Locust is started with `LOCUST_SKIP_MONKEY_PATCH=1`: sockets and threads stay what asyncio expects.
"""

import asyncio
import threading
from collections.abc import Coroutine
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

    def wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do this in the loop while other greenlets go on; who is killed meanwhile cancels it."""
        done = Event()
        # The watcher may be told from any thread, and keeps the hub from thinking that nobody waits.
        with closing(gevent.get_hub().loop.async_()) as watcher:
            watcher.start(done.set)
            future = asyncio.run_coroutine_threadsafe(work, self.loop)
            future.add_done_callback(lambda _: watcher.send())
            try:
                done.wait()
            except BaseException:
                future.cancel()
                raise
        return future.result()
