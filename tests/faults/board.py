"""Where a test arms a point in a running server: a page of memory that both see, and that a death leaves."""

import mmap
import os
import signal
import threading
from pathlib import Path

from api.core.points import Point

_SIZE = mmap.PAGESIZE
_ARMED, _LEFT, _COUNTS = 0, 1, 2
_PLACES = {point: number for number, point in enumerate(Point)}


class Board:
    """The test arms; the server reaches, counts, and at the point that is armed kills itself."""

    def __init__(self, file: Path) -> None:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, _SIZE)
            self._memory = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
        self._cells = memoryview(self._memory).cast("q")
        self._lock = threading.Lock()

    def close(self) -> None:
        self._cells.release()
        self._memory.close()

    def arm(self, point: Point, nth: int = 1) -> None:
        """The server dies when `point` is reached for the `nth` time from now on."""
        self._cells[_ARMED] = 0
        self._cells[_LEFT] = nth
        self._cells[_ARMED] = _PLACES[point] + 1

    def disarm(self) -> None:
        self._cells[_ARMED] = 0

    def reached(self, point: Point) -> int:
        """How often servers of this folder have reached it."""
        return int(self._cells[_COUNTS + _PLACES[point]])

    def reach(self, point: Point) -> None:
        """What the server calls, in whichever thread."""
        place = _PLACES[point]
        with self._lock:
            self._cells[_COUNTS + place] += 1
            if self._cells[_ARMED] != place + 1:
                return
            self._cells[_LEFT] -= 1
            if self._cells[_LEFT] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
