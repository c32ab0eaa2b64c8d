"""A server that leaves sends its connections to others, a few at a time."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

SPREAD_S = 2.0
"""Within this time each is told, so that the others are not overrun."""
RETRY_MS = 500
"""So much later a client connects anew: by then whoever shares out connections knows who is leaving."""
GOING_S = 2.0
"""So long whoever was told last is waited for."""


class Leaver(Protocol):
    def say_draining(self, retry_after_ms: int) -> None:
        """The server leaves, and others are there."""


class Farewell:
    """The open connections, and whether they have been told to go elsewhere."""

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        """`draw` gives numbers from 0 to 1."""
        self._draw = draw
        self._open: set[Leaver] = set()
        self._begun = False
        self._gone = asyncio.Event()

    @contextmanager
    def of(self, leaver: Leaver) -> Iterator[None]:
        """It is open for as long as this lasts. Whoever comes while the server leaves is told soon."""
        self._open.add(leaver)
        if self._begun:
            self._tell_later(leaver)
        try:
            yield
        finally:
            self._open.discard(leaver)
            if not self._open:
                self._gone.set()

    async def __call__(self) -> None:
        """Tells all, and waits for a while until they are gone."""
        self._begun = True
        if not self._open:
            return
        self._gone.clear()
        for leaver in self._open:
            self._tell_later(leaver)
        with suppress(TimeoutError):
            async with asyncio.timeout(SPREAD_S + RETRY_MS / 1000 + GOING_S):
                await self._gone.wait()

    def _tell_later(self, leaver: Leaver) -> None:
        asyncio.get_running_loop().call_later(self._draw() * SPREAD_S, self._tell, leaver)

    def _tell(self, leaver: Leaver) -> None:
        if leaver in self._open:
            leaver.say_draining(RETRY_MS)
