"""The runs on LangServe's way: none is begun while the server leaves, and what runs gets its time."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from api.core.errors import ChatError, Code

RETRY_MS = 2_000


def leaving() -> ChatError:
    return ChatError(Code.OVERLOADED, retry_after_ms=RETRY_MS)


class Runs:
    """Knows each run by the limit of time that it stands under."""

    def __init__(self) -> None:
        self.leaving = False
        self._limits: set[asyncio.Timeout] = set()
        self._ended = asyncio.Event()

    @contextmanager
    def one(self, limit: asyncio.Timeout) -> Iterator[None]:
        self._limits.add(limit)
        try:
            yield
        finally:
            self._limits.discard(limit)
            self._ended.set()

    def refuse_new(self) -> None:
        """Raises `overloaded` once the server leaves."""
        if self.leaving:
            raise leaving()

    async def drain(self, seconds: float) -> None:
        """Waits for what runs; after so many seconds its time is up."""
        self.leaving = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._limits:
                    self._ended.clear()
                    await self._ended.wait()
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())
