"""What a connection asks for, carried out in order by a task that is there only while there is something."""

import asyncio
from collections.abc import Awaitable, Callable

from api.wire.incoming import AnyClientFrame

MOST_WAITING = 32
"""So many requests are read ahead of the one that is carried out."""


class Requests:
    """Most connections are idle most of the time: then this is an empty list."""

    def __init__(self, answer: Callable[[AnyClientFrame], Awaitable[None]]) -> None:
        self._answer = answer
        self._waiting: list[AnyClientFrame] = []
        self._task: asyncio.Task[None] | None = None
        self._moved: asyncio.Future[None] | None = None

    def put(self, frame: AnyClientFrame) -> None:
        self._waiting.append(frame)
        if self._task is None:
            self._task = asyncio.create_task(self._carry_out())

    async def room(self) -> None:
        """Waits while too many are waiting."""
        while len(self._waiting) > MOST_WAITING:
            self._moved = self._moved or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._moved)

    async def settled(self) -> None:
        """Waits until everything that was asked is carried out.

        A task that was cancelled before its first step is done without having said so itself.
        """
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def abandon(self) -> None:
        """What is being carried out is broken off, and the rest forgotten."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await self.settled()

    async def _carry_out(self) -> None:
        try:
            while self._waiting:
                await self._answer(self._waiting[0])
                del self._waiting[:1]
                self._tell()
        finally:
            self._task = None

    def _tell(self) -> None:
        moved, self._moved = self._moved, None
        if moved is not None:
            moved.set_result(None)
