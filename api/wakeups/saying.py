"""The connection by which a server says things to the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from api.wakeups.connections import TURN, together
from api.wakeups.outbox import Letter, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio.connection import AbstractConnection

    from api.wakeups.connections import Pace


class Saying:
    """What comes while one batch is on its way goes together in the next. A greeting is for nobody."""

    def __init__(self, greeting: Letter, pace: Pace) -> None:
        self._greeting = greeting
        self._pace = pace
        self._outbox = Outbox()
        self._unanswered = 0
        self._answered = asyncio.Event()

    @property
    def lost(self) -> int:
        return self._outbox.lost

    def say(self, letter: Letter) -> None:
        self._outbox.put(letter)

    async def use(self, connection: AbstractConnection, works: Callable[[], None]) -> None:
        """Until the connection fails, which it raises. `works` is called when all is known to be well."""
        await together(self._speak(connection, works), self._read(connection))

    async def _speak(self, connection: AbstractConnection, works: Callable[[], None]) -> None:
        await self._send(connection, [self._greeting])
        with self._outbox.opened():
            works()
            while True:
                await self._send(connection, await self._outbox.take(self._pace.quiet_s))
                self._outbox.answered()

    async def _send(self, connection: AbstractConnection, letters: Sequence[Letter]) -> None:
        commands: list[tuple[str | bytes, ...]] = [("PUBLISH", *letter) for letter in letters] or [("PING",)]
        self._unanswered = len(commands)
        self._answered.clear()
        async with asyncio.timeout(self._pace.answer_s):
            await connection.send_packed_command(connection.pack_commands(commands))
            await self._answered.wait()

    async def _read(self, connection: AbstractConnection) -> None:
        """Also while nothing is said, so that a lost connection is noticed before anything is lost by it."""
        while True:
            for _ in range(TURN):
                await connection.read_response()
                self._unanswered -= 1
                if self._unanswered == 0:
                    self._answered.set()
            await asyncio.sleep(0)
