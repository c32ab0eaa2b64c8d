"""How many WebSockets a user and an address have open on all servers together, counted in Redis."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from api.wakeups.agenda import Agenda, Batch, GiveWay, Open, address, name_of, user
from api.wakeups.bus import PREFIX
from api.wakeups.connections import Pace
from api.wakeups.counting import SCRIPT, OpenAtAddress, answered, packed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from typing import TypeAlias

    from redis.asyncio.connection import AbstractConnection

    from api.wakeups.relay import Channels

    Say: TypeAlias = Callable[[Batch], Awaitable[None]]

COUNTING = "counting"
"""The connection by which it is counted."""
CHANNEL, KEY = "server:", f"{PREFIX}sockets:"
NOBODY = Batch((address(""),), (OpenAtAddress(0, 0, 0),), ())
"""To see whether everything works that is needed."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long a connection waits to be let in, how often all is said again, and for how long it counts."""

    wait_s: float = 0.25
    refresh_s: float = 20.0
    stale_s: float = 75.0


class Tally:
    """While Redis is away or slow all are let in, and nobody waits: each server has its own limits.

    What changes is said at once, and all of it from time to time, and on each new connection. That has a name
    of its own, so that what was said on an earlier one counts no more. `give_way` gets a user and the number
    of a socket that has to be closed. Only those of a `group` count together.
    """

    def __init__(
        self,
        bus: Channels,
        name: str,
        open_here: Open,
        give_way: GiveWay,
        *,
        group: str = "",
        pace: Pace | None = None,
        rhythm: Rhythm | None = None,
    ) -> None:
        self._bus = bus
        self._key = f"{KEY}{group}:" if group else KEY
        self._names = (f"{name}.{number}" for number in count(1))
        self._open = open_here
        self._give_way = give_way
        self._pace = pace or Pace()
        self._rhythm = rhythm or Rhythm()
        self._agenda = Agenda(open_here)
        self._stirred = asyncio.Event()
        self._connected = False
        self._prompt = False
        """Whether an answer may be expected in time."""

    async def room(self, at: str) -> bool:
        """Whether one more may open at this address, which is counted here already."""
        if not self._prompt or not self._open.per_address:
            return True
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        leave = self._agenda.ask(at, waiting)
        self._stirred.set()
        try:
            async with asyncio.timeout(self._rhythm.wait_s):
                return await waiting
        except TimeoutError:
            self._prompt = False
            self.address_changed(at)  # it may have been refused there, and is let in
            return True
        finally:
            leave()

    def user_changed(self, user_id: str) -> None:
        if self._connected and self._open.per_user:
            self._agenda.change(user(user_id))
            self._stirred.set()

    def address_changed(self, at: str) -> None:
        if self._connected and self._open.per_address:
            self._agenda.change(address(at))
            self._stirred.set()

    async def use(self, connection: AbstractConnection, works: Callable[[], None]) -> None:
        """Until the connection fails, which it raises. `works` is called when all is known to be well."""
        script = await self._answer(connection, "SCRIPT", "LOAD", SCRIPT)
        async with self._listening() as name:
            say = partial(self._say, connection, script, name)
            await say(NOBODY)
            works()
            await self._go_on(say)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[str]:
        """Under a new name, as soon as others can be heard: before that, nothing that is said counts."""
        name, ready = next(self._names), asyncio.Event()
        leave = self._bus.listen(CHANNEL + name, self._told, ready.set)
        self._connected = True
        try:
            async with asyncio.timeout(self._pace.connect_s + self._pace.answer_s):
                await ready.wait()
            yield name
        finally:
            leave()
            self._connected = self._prompt = False
            self._agenda.clear()

    async def _go_on(self, say: Say) -> None:
        """Says what there is to say, and now and then nothing, to see whether all is well."""
        now = asyncio.get_running_loop().time
        refresh_at = now()
        while True:
            if now() >= refresh_at:
                self._agenda.refresh()
                refresh_at = now() + self._rhythm.refresh_s
            if not self._agenda:
                await self._stir(min(self._pace.quiet_s, refresh_at - now()))
            await say(self._agenda.take() if self._agenda else NOBODY)
            await asyncio.sleep(0)  # who was refused leaves before anything else is counted

    async def _stir(self, within_s: float) -> None:
        self._stirred.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._stirred.wait()

    async def _say(self, connection: AbstractConnection, script: bytes, name: str, batch: Batch) -> None:
        keys = [self._key + subject for subject in batch.subjects]
        about = (name, PREFIX + CHANNEL, int(1000 * self._rhythm.stale_s), packed(batch.said))
        try:
            said = await self._answer(connection, "EVALSHA", script, len(keys), *keys, *about)
        except BaseException:
            batch.abandon()
            raise
        answer = answered(said)
        self._prompt = True
        batch.settle(answer.granted)
        for server, number, key in answer.give_way:
            user_id = name_of(batch.subjects[key - 1])
            if server == name:
                self._give_way(user_id, number)
            else:
                self._bus.say(CHANNEL + server, f"{number} {user_id}".encode())

    async def _answer(self, connection: AbstractConnection, *command: str | bytes | int) -> bytes:
        async with asyncio.timeout(self._pace.answer_s):
            await connection.send_command(*command)
            return await connection.read_response()  # type: ignore[no-any-return]  # redis-py does not say

    def _told(self, message: bytes) -> None:
        """By another server, that one of ours has to give way."""
        number, _, user_id = message.decode().partition(" ")
        if number.isdecimal():
            self._give_way(user_id, int(number))
