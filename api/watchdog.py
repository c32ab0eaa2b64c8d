"""Notices when the event loop is held up, and says by what while it still is.

Nothing else moves meanwhile, so a thread looks: it asks the loop for a sign, several times a second.
"""

import asyncio
import sys
import threading
import time
from contextlib import suppress

import structlog

from api.core.failures import stack
from api.service.contained import running_label

log = structlog.get_logger()

LOOK_S = 0.1
SILENT_S = 0.5
"""A loop that gives no sign for so long is blocked."""


class Watchdog:
    """Counts how often, and how many seconds in all, the loop in which it was started was blocked."""

    def __init__(self) -> None:
        self.blocked = 0
        self.blocked_seconds = 0.0
        self._leaving = threading.Event()
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        watched = asyncio.get_running_loop(), threading.get_ident(), _Clock()
        self._thread = threading.Thread(target=self._work, args=watched, name="watchdog", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        self._leaving.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _work(self, loop: asyncio.AbstractEventLoop, thread: int, clock: "_Clock") -> None:
        with suppress(RuntimeError):  # the loop has been closed
            left = False
            while not left:
                left = self._leaving.wait(LOOK_S)
                self._look(loop, thread, clock, max(0, clock.lap() - LOOK_S))

    def _look(self, loop: asyncio.AbstractEventLoop, thread: int, clock: "_Clock", silent: float) -> None:
        """Asks for one sign and waits for it, as long as it takes; the loop has been `silent` before."""
        sign = threading.Event()
        loop.call_soon_threadsafe(sign.set)
        told, chain = False, None
        while not sign.is_set() and not self._leaving.is_set():
            sign.wait(LOOK_S)
            silent += clock.lap()
            if silent >= SILENT_S and not told and not sign.is_set():
                told, chain = True, _tell(thread)
        if silent >= SILENT_S:
            self.blocked += 1
            self.blocked_seconds += silent
            log.warning("event loop no longer blocked", seconds=round(silent, 2), chain=chain)


class _Clock:
    """What the time since its last lap counts for; no gap between laps for a held loop to hide in."""

    def __init__(self) -> None:
        self._then = time.monotonic(), time.process_time()

    def lap(self) -> float:
        before, self._then = self._then, (time.monotonic(), time.process_time())
        return counted(self._then[0] - before[0], self._then[1] - before[1])


def counted(elapsed: float, worked: float) -> float:
    """How much of a wait of `LOOK_S`, that took `elapsed`, the loop had to give its sign in.

    A wait that took longer was not this thread's choice: the machine slept or the process was stopped, unless
    the process `worked` meanwhile. Then something held the interpreter, and both threads with it.
    """
    return min(elapsed, LOOK_S + worked)


def _tell(thread: int) -> str | None:
    """Logs where the loop's thread is; returns the chain that runs there, if it is one."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - there is no other way to another thread's stack
    chain, within = running_label(frame)
    log.warning("event loop blocked", chain=chain, at=stack(frame, until=within))
    return chain
