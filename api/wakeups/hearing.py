"""The connection by which a server hears the others."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from api.core.failures import places
from api.wakeups.channels import Channels, Hear, Listener, Ready
from api.wakeups.connections import TURN, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from redis.asyncio.connection import AbstractConnection

    from api.service.ports import Undo
    from api.wakeups.connections import Pace

AT_ONCE = 500
"""So many channels are named in one command."""

log = structlog.get_logger()


class Hearing:
    """`opened` takes what was sent out of its envelope, or gives None if it is not for us."""

    def __init__(self, opened: Callable[[bytes], bytes | None], pace: Pace) -> None:
        self._opened = opened
        self._pace = pace
        self._channels = Channels()
        self._changed = asyncio.Event()

    def listen(self, channel: bytes, hear: Hear, ready: Ready) -> Undo:
        listener = Listener(hear, ready)
        self._channels.add(channel, listener)
        self._changed.set()
        if self._channels.is_active(channel):
            asyncio.get_running_loop().call_soon(self._be_ready, channel, [listener])
        return partial(self._leave, channel, listener)

    async def use(self, connection: AbstractConnection, works: Callable[[], None]) -> None:
        """Until the connection fails, which it raises. `works` is called when all is known to be well."""
        self._channels.reset()
        try:
            await together(self._ask(connection), self._read(connection, works))
        finally:
            self._channels.reset()

    def _leave(self, channel: bytes, listener: Listener) -> None:
        self._channels.remove(channel, listener)
        self._changed.set()

    async def _ask(self, connection: AbstractConnection) -> None:
        """Whatever changed while one command was on its way is in the next."""
        while True:
            self._changed.clear()
            new, old = self._channels.take()
            for command, channels in (("SUBSCRIBE", new), ("UNSUBSCRIBE", old)):
                for some in _portions(channels):
                    async with asyncio.timeout(self._pace.answer_s):
                        await connection.send_command(command, *some)
            await self._changed.wait()

    async def _read(self, connection: AbstractConnection, works: Callable[[], None]) -> None:
        self._take(await self._next(connection))
        works()
        while True:
            for _ in range(TURN):
                self._take(await self._next(connection))
            await asyncio.sleep(0)

    async def _next(self, connection: AbstractConnection) -> Sequence[Any]:  # Any: whatever redis sends
        """What comes next. Raises TimeoutError if there was silence, and a question gets no answer."""
        said = await connection.read_response(timeout=self._pace.quiet_s)
        if said is None:
            async with asyncio.timeout(self._pace.answer_s):
                await connection.send_command("PING")
                said = await connection.read_response()
        return said  # type: ignore[no-any-return]  # redis-py does not say

    def _take(self, said: Sequence[Any]) -> None:
        match said:
            case [b"message", bytes(channel), bytes(data)]:
                message = self._opened(data)
                if message is not None:
                    for listener in self._channels.of(channel):
                        if self._channels.has(channel, listener):  # one of the others may have made it leave
                            _call(listener.hear, message)
            case [b"subscribe" | b"unsubscribe", bytes(channel), _]:
                self._be_ready(channel, self._channels.confirmed(channel))

    def _be_ready(self, channel: bytes, listeners: Sequence[Listener]) -> None:
        for listener in listeners:
            if self._channels.has(channel, listener):
                _call(listener.ready)


def _portions(channels: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (channels[start : start + AT_ONCE] for start in range(0, len(channels), AT_ONCE))


def _call(callback: Callable[..., None], *arguments: bytes) -> None:
    try:
        callback(*arguments)
    except Exception as error:  # noqa: BLE001 - the others still want to hear
        log.error("a listener failed", error=type(error).__name__, at=places(error))
