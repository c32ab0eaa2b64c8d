"""A WebSocket that is there whenever it can be: connects, listens for silence, comes back by the back-off."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn, Protocol

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from loadtests.errors import Closed
from loadtests.protocol.backoff import Backoff, Liveness, Pace
from loadtests.protocol.frames import Frame

SUBPROTOCOL = "chat.v1"
FRAME_BYTES = 4 * 1024 * 1024
FINAL = range(4500, 5000)
HEARTBEAT_S = 30.0


class SocketListener(Protocol):
    def connecting(self) -> None: ...
    def opened(self, welcome: Frame) -> None: ...
    def received(self, data: bytes) -> None: ...
    def closed(self, code: int) -> None: ...


class ChatSocket:
    """`run` it; `send` while it is open. `fault` says why it stays closed, until `wake`."""

    def __init__(
        self,
        url: str,
        hello: Frame,
        pace: Pace,
        listener: SocketListener,
        random: Callable[[], float],
    ) -> None:
        self._url = url
        self._hello = hello
        self._pace = pace
        self._listener = listener
        self._backoff = Backoff(pace, random)
        self._connection: ClientConnection | None = None
        self._outgoing: asyncio.Queue[Frame] = asyncio.Queue()
        self._awake = asyncio.Event()
        self._leaving = False
        self.fault: Closed | None = None

    @property
    def failures(self) -> int:
        """How many tries have failed since a connection last stayed open."""
        return self._backoff.attempt

    def send(self, frame: Frame) -> None:
        """Put a frame behind those that wait; what waits when the connection ends is lost with it."""
        self._outgoing.put_nowait(frame)

    def wake(self) -> None:
        """Connect now, whatever was being waited for."""
        self.fault = None
        self._awake.set()

    def cut(self) -> None:
        """Break the connection as a network does: without a word."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def close(self) -> None:
        """Say goodbye, where there is somebody to hear it."""
        if self._connection is not None:
            await self._connection.close()

    def leave_in(self, seconds: float) -> None:
        """Reconnect after a while: this server is going and others are there."""
        connection = self._connection

        def leave() -> None:
            if connection is not None and connection is self._connection:
                self._leaving = True
                connection.transport.abort()

        asyncio.get_running_loop().call_later(seconds, leave)

    async def run(self) -> None:
        while True:
            self._leaving = False
            code, open_for = await self._once()
            wait = self._backoff.closed(open_for)
            self._awake.clear()
            if code in FINAL:
                self.fault = Closed(code, _reason_of(self._connection))
            self._connection = None
            self._listener.closed(code)
            if self.fault is None and self._leaving:
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(None if self.fault else wait):
                    await self._awake.wait()
            self.fault = None

    async def _once(self) -> tuple[int, float]:
        """One connection from its opening to its end: the close code, and how long it was open."""
        loop = asyncio.get_running_loop()
        self._listener.connecting()
        opened = None
        try:
            async with asyncio.timeout(self._pace.connect_s) as opening:
                connection = await connect(
                    self._url,
                    subprotocols=[SUBPROTOCOL],  # type: ignore[list-item] # a NewType of str
                    compression=None,
                    open_timeout=None,
                    ping_interval=None,
                    close_timeout=1,
                    max_size=FRAME_BYTES,
                    proxy=None,
                )
                self._connection = connection
                try:
                    await connection.send(orjson.dumps(self._hello), text=True)
                    first = await connection.recv(decode=False)
                    welcome: Frame = orjson.loads(first)
                    self._outgoing = asyncio.Queue()
                    if welcome.get("type") == "welcome":
                        opening.reschedule(None)
                        opened = loop.time()
                        self._listener.opened(welcome)
                    else:
                        self._listener.received(first)
                    await self._converse(connection, welcome)
                finally:
                    connection.transport.abort()
        except ConnectionClosed as closed:
            return (1006 if closed.rcvd is None else closed.rcvd.code), _since(opened)
        except (OSError, TimeoutError, InvalidHandshake, InvalidMessage, ValueError):
            pass
        return 1006, _since(opened)

    async def _converse(self, connection: ClientConnection, welcome: Frame) -> NoReturn:
        """Read until the connection ends, which raises."""
        heartbeat = self._pace.heartbeat_s or welcome.get("heartbeat_s") or HEARTBEAT_S
        loop = asyncio.get_running_loop()
        liveness = Liveness(heartbeat, self._pace.pong_s, loop.time())
        others = [
            asyncio.ensure_future(self._write(connection, self._outgoing)),
            asyncio.ensure_future(self._watch(connection, liveness, heartbeat)),
        ]
        try:
            while True:
                data = await connection.recv(decode=False)
                liveness.heard(loop.time())
                self._listener.received(data)
        finally:
            for other in others:
                other.cancel()

    @staticmethod
    async def _write(connection: ClientConnection, frames: asyncio.Queue[Frame]) -> None:
        with suppress(ConnectionClosed):
            while True:
                await connection.send(orjson.dumps(await frames.get()), text=True)

    @staticmethod
    async def _watch(connection: ClientConnection, liveness: Liveness, heartbeat_s: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(liveness.due() - loop.time(), heartbeat_s))
            sign = liveness.look(loop.time())
            if sign == "dead":
                connection.transport.abort()
                return
            if sign == "ping":
                with suppress(ConnectionClosed):
                    await connection.send('{"type":"ping"}')


def _since(opened: float | None) -> float:
    return 0 if opened is None else asyncio.get_running_loop().time() - opened


def _reason_of(connection: ClientConnection | None) -> str:
    return "" if connection is None else connection.close_reason or ""
