"""An event loop whose time only moves when a test says so, and that never waits by itself."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
MOST_TURNS = 20_000


class _NeverWaits(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> Any:  # Any: as typeshed
        return super().select(0)


class StillLoop(asyncio.SelectorEventLoop):
    """Everything in it happens in one thread and in one order, so that a history can be repeated."""

    def __init__(self) -> None:
        super().__init__(_NeverWaits())
        self._now = 1000.0

    def time(self) -> float:
        return self._now

    def forward(self, seconds: float) -> None:
        """Moves the time; what has become due happens with the next `settle`."""
        self._now += seconds

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Does `work`, and then all that follows from it without anybody's help."""

        async def done() -> T:
            result = await work
            await self._settled()
            return result

        return self.run_until_complete(done())

    def settle(self) -> None:
        self.run_until_complete(self._settled())

    async def _settled(self) -> None:
        for _ in range(MOST_TURNS):
            await asyncio.sleep(0)
            if not self._ready:  # type: ignore[attr-defined]  # whatever there is to do
                return
        raise AssertionError(f"the server has not come to rest after {MOST_TURNS} turns of its loop")
