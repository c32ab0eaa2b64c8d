"""Work that is carried through although whoever wanted it has left."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """Tasks that belong to no caller."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()  # of any result

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begins work that nobody has to wait for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def carried_through(self, work: Coroutine[Any, Any, T]) -> T:
        """A caller that is cancelled in the middle, because its connection is lost, breaks nothing off."""
        return await asyncio.shield(self.begin(work))

    async def settled(self) -> None:
        """Waits for everything that was begun."""
        while self._tasks:
            await asyncio.wait(self._tasks)
