"""One direction of a connection: counts bytes, cuts at one of them, and slows the others down."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from loadtests.proxy.plan import Cut, Direction, Plan

MOST_WAITING = 64 * 1024
SLICE_S = 0.02  # a throttled chunk travels in slices of so long


class Lane:
    """From `source` to `sink`; `reached` is called when the byte of a cut has passed, `ended` after an end.

    A source is read only while nobody holds it up: a full sink, a full lane, a frozen plan.
    """

    def __init__(
        self,
        direction: Direction,
        dice: random.Random,
        reached: Callable[[Cut], None],
        ended: Callable[["Lane"], None],
    ) -> None:
        self.direction = direction
        self.passed = 0
        self.swallowed = 0
        self.over = False  # an end has come and was passed on
        self.source: asyncio.Transport | None = None
        self.sink: asyncio.Transport | None = None
        self._dice = dice
        self._reached = reached
        self._ended = ended
        self._plan = Plan()
        self._cuts: list[tuple[int, Cut]] = []
        self._waiting: deque[tuple[float, bytes | None]] = deque()
        self._size = 0
        self._holds: set[str] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._worker: asyncio.Task[None] | None = None
        self._free_at = 0.0
        self.swallowing = False

    def follow(self, plan: Plan) -> None:
        self._plan = plan
        here = {self.direction, "both"}
        self.swallowing = self.swallowing or plan.swallow in here
        self.hold("frozen", on=plan.freeze in here)
        mine = [cut for cut in plan.cuts if cut.direction == self.direction]
        self._cuts = sorted(
            (
                (
                    cut.at + (self.passed if cut.origin == "now" else 0) + self._dice.randint(0, cut.spread),
                    cut,
                )
                for cut in mine
            ),
            key=lambda pair: pair[0],
        )
        if self.sink is not None:
            self._look()

    def join(self, source: asyncio.Transport, sink: asyncio.Transport) -> None:
        self.source, self.sink = source, sink
        if self._holds:
            source.pause_reading()
        self._look()

    def take(self, data: bytes) -> None:
        """Bytes have come from the source."""
        if self.swallowing:
            self.swallowed += len(data)
        elif self._waiting or self._plan.shapes or "frozen" in self._holds or "full" in self._holds:
            self._put(data)
        else:
            self._pass(data)

    def end(self) -> None:
        """The source has ended; so does the sink, after all that waits."""
        if self.swallowing:
            self.over = True
            self._ended(self)
        elif self._waiting or "frozen" in self._holds:
            self._put(None)
        else:
            self._pass_end()

    def hold(self, reason: str, *, on: bool) -> None:
        """Stop or resume reading the source for one of several reasons."""
        before = bool(self._holds)
        if on:
            self._holds.add(reason)
        else:
            self._holds.discard(reason)
        if self._holds & {"frozen", "full"}:
            self._open.clear()
        else:
            self._open.set()
        if self.source is not None and not self.source.is_closing() and before != bool(self._holds):
            if self._holds:
                self.source.pause_reading()
            else:
                self.source.resume_reading()

    def swallow(self) -> None:
        """From now on whatever comes vanishes."""
        self.stop()
        self.swallowing = True
        self._holds.clear()
        if self.source is not None and not self.source.is_closing():
            self.source.resume_reading()

    def stop(self) -> None:
        """Forget all that waits."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        self._waiting.clear()
        self._size = 0
        self._cuts = []

    def _put(self, data: bytes | None) -> None:
        delay = (self._plan.delay_ms + self._dice.uniform(0, self._plan.jitter_ms)) / 1000
        now = asyncio.get_running_loop().time()
        last = self._waiting[-1][0] if self._waiting else 0
        self._waiting.append((max(now + delay, last), data))
        self._size += len(data or b"")
        if self._size > MOST_WAITING:
            self.hold("crowded", on=True)
        if self._worker is None:
            self._worker = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        me = asyncio.current_task()
        while self._waiting:
            due, data = self._waiting[0]
            await self._until(due)
            if data is None:
                await self._open.wait()
                self._pass_end()
            else:
                await self._pieces(data)
            if self._worker is not me:  # stopped by what it passed
                return
            self._waiting.popleft()
            self._size -= len(data or b"")
            if self._size <= MOST_WAITING // 2:
                self.hold("crowded", on=False)
        self._worker = None

    async def _pieces(self, data: bytes) -> None:
        at = 0
        while at < len(data) and not self.swallowing:
            await self._open.wait()
            plan = self._plan
            size = plan.dribble or (max(1, int(plan.rate * SLICE_S)) if plan.rate else len(data))
            piece = data[at : at + size]
            at += len(piece)
            self._pass(piece)
            pause = plan.dribble_ms / 1000 if plan.dribble else 0
            pause = max(pause, len(piece) / plan.rate if plan.rate else 0)
            if pause:
                now = asyncio.get_running_loop().time()
                self._free_at = max(now, self._free_at) + pause
                await self._until(self._free_at)

    @staticmethod
    async def _until(due: float) -> None:
        wait = due - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)

    def _pass(self, data: bytes) -> None:
        while self._cuts and self._cuts[0][0] - self.passed <= len(data):
            room = max(0, self._cuts[0][0] - self.passed)
            self._write(data[:room])
            data = data[room:]
            self._reached(self._cuts.pop(0)[1])
            if self.swallowing or self.sink is None or self.sink.is_closing():
                self.swallowed += len(data)
                return
        self._write(data)

    def _look(self) -> None:
        """A cut may stand at a byte that has passed already, or at none at all."""
        if self._cuts and self._cuts[0][0] <= self.passed:
            self._pass(b"")

    def _write(self, data: bytes) -> None:
        if data and self.sink is not None and not self.sink.is_closing():
            self.passed += len(data)
            self.sink.write(data)

    def _pass_end(self) -> None:
        self.over = True
        if self.sink is not None and not self.sink.is_closing() and self.sink.can_write_eof():
            with suppress(OSError):  # it has just been reset, and that is not yet known here
                self.sink.write_eof()
        self._ended(self)
