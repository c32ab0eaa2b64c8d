"""Leaving in good order: nothing new, what runs may end, and followers are told all of it."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from api.core.errors import ChatError
from api.core.lifecycle import Status
from api.service.chat import Chat
from api.service.generate import interrupted
from api.service.ports import Ending, Store
from api.service.runner import Runner

ENDED_S = 2.0
"""So long the ends of what hangs may take to be written; else the next start writes them."""


class Leaving:
    def __init__(self, *, chat: Chat, runner: Runner, store: Store) -> None:
        self._chat = chat
        self._runner = runner
        self._store = store

    async def __call__(self, seconds: float, farewell: Awaitable[None] | None = None) -> None:
        """Takes nothing new and gives what runs so many seconds; the rest is interrupted with its text kept.

        Then followers are let go, as soon as they have been told what there is; with a `farewell`, which
        sends them elsewhere meanwhile, once it has been said.
        """
        saying = None if farewell is None else asyncio.ensure_future(farewell)
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        self._runner.draining = True
        await _within(seconds, self._chat.settled())  # what was accepted just before has begun then
        hanging = await self._runner.drain(until - clock())
        await _within(ENDED_S, asyncio.gather(*map(self._interrupt, hanging)))
        if saying is not None:
            await saying
        self._chat.part()

    async def _interrupt(self, message_id: str) -> None:
        with suppress(ChatError):
            await self._store.finish(Ending(message_id, Status.INTERRUPTED, error=interrupted()))


async def _within(seconds: float, work: Awaitable[Any]) -> None:  # Any: whatever it gives
    with suppress(TimeoutError):
        await asyncio.wait_for(work, max(0, seconds))
