"""What waits to be sent: bounded, and only while somebody can send it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

MOST_BYTES = 4 * 2**20
MOST = 20_000
AT_ONCE, AT_ONCE_BYTES = 1000, 2**20
"""So much is sent before an answer is waited for: it holds nobody up, and gets through slow lines in time."""


class Letter(NamedTuple):
    channel: bytes
    message: bytes

    @property
    def size(self) -> int:
        return len(self.channel) + len(self.message)


class Outbox:
    """`lost`: how many were dropped, or sent without an answer, so that nobody knows whether they arrived."""

    def __init__(self) -> None:
        self.lost = 0
        self._open = False
        self._waiting: list[Letter] = []
        self._bytes = 0
        self._flying = 0
        self._filled = asyncio.Event()

    def put(self, letter: Letter) -> None:
        fits = self._bytes + letter.size <= MOST_BYTES and len(self._waiting) < MOST
        if not (self._open and fits):
            self.lost += 1
            return
        self._waiting.append(letter)
        self._bytes += letter.size
        self._filled.set()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """While there is a connection. What is left at its end is lost."""
        self._open = True
        try:
            yield
        finally:
            self._open = False
            self.lost += self._flying + len(self._waiting)
            self._flying = 0
            self._keep([])

    async def take(self, within_s: float) -> Sequence[Letter]:
        """All that waits, or the beginning of it; nothing if nothing came in that time."""
        try:
            async with asyncio.timeout(within_s):
                await self._filled.wait()
        except TimeoutError:
            return ()
        taken = self._waiting[: self._portion()]
        self._keep(self._waiting[len(taken) :])
        self._flying = len(taken)
        return taken

    def answered(self) -> None:
        """What was taken has arrived."""
        self._flying = 0

    def _keep(self, waiting: list[Letter]) -> None:
        self._waiting = waiting
        self._bytes = sum(letter.size for letter in waiting)
        if not waiting:
            self._filled.clear()

    def _portion(self) -> int:
        taken = 0
        for count, letter in enumerate(self._waiting[:AT_ONCE]):
            taken += letter.size
            if taken > AT_ONCE_BYTES:
                return max(count, 1)
        return AT_ONCE
