"""A server that a test plays by hand: a WebSocket handler, and answers to REST."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from loadtests.protocol.frames import Frame
from tests.support.wireframes import page

Play = Callable[["Seat"], Awaitable[None]]
WELCOME = {"type": "welcome", "protocol": 1, "heartbeat_s": 30, "limits": {}, "user_id": "me"}


@dataclass
class Seat:
    """One connection from the server's side."""

    connection: ServerConnection
    number: int

    async def say(self, frame: Frame) -> None:
        await self.connection.send(json.dumps(frame))

    async def hear(self) -> Frame:
        found: Frame = json.loads(await self.connection.recv())
        return found

    async def stay(self) -> None:
        """Be silent for as long as the connection lasts."""
        await self.connection.wait_closed()

    async def welcome(self) -> None:
        assert (await self.hear())["type"] == "hello"
        await self.say(WELCOME)


@dataclass
class Peer:
    url: str = ""
    seats: int = 0
    requests: list[httpx.Request] = field(default_factory=list)
    answer: Callable[[httpx.Request], httpx.Response | None] = lambda _request: None

    def client(self) -> httpx.AsyncClient:
        """REST that this peer answers: an empty page, unless `answer` says something else."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._rest))

    def _rest(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request) or httpx.Response(200, json=page([]))


@asynccontextmanager
async def peer(play: Play) -> AsyncIterator[Peer]:
    """Serve: each new connection is played by `play`; it closes when that returns."""
    found = Peer()
    errors: list[BaseException] = []

    async def handle(connection: ServerConnection) -> None:
        found.seats += 1
        try:
            await play(Seat(connection, found.seats))
        except ConnectionClosed:
            pass
        except AssertionError as error:
            errors.append(error)

    async with serve(handle, "127.0.0.1", 0, ping_interval=None, close_timeout=1) as server:
        socket = next(iter(server.sockets))
        found.url = f"http://127.0.0.1:{socket.getsockname()[1]}"
        yield found
    if errors:
        raise errors[0]
