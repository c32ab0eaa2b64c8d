"""What lies between a client and the server: all is under way until the test lets it arrive, or loses it."""

import asyncio
import json
from collections import deque
from typing import Any, TypeAlias
from urllib.parse import urlencode

from starlette.websockets import WebSocket

from tests.faults.model.loop import StillLoop
from tests.faults.model.server import MortalServer

Frame: TypeAlias = dict[str, Any]


class Line:
    """A WebSocket. Frames arrive in order or, with all that come after them, never."""

    def __init__(self, loop: StillLoop, server: MortalServer) -> None:
        self._loop = loop
        self._ears: asyncio.Queue[Frame] = asyncio.Queue()
        self._ears.put_nowait({"type": "websocket.connect"})
        self.up: deque[Frame] = deque()
        self.down: deque[Frame] = deque()
        self.ended = False
        """The server has closed, or died; what it sent before may still arrive."""
        if server.parts is None:
            self.ended = True
            return
        scope: Frame = {"type": "websocket", "path": "/ws/chat", "headers": [], "subprotocols": []}
        scope |= {"client": None, "scheme": "ws", "query_string": b""}
        websocket = WebSocket(scope, self._ears.get, self._sent)
        task = loop.create_task(server.parts.sockets._admit(websocket))
        task.add_done_callback(lambda _: self._end())
        loop.settle()

    async def _sent(self, message: Any) -> None:  # Any: ASGI's
        if message["type"] == "websocket.send" and not self.ended:
            self.down.append(json.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self._end()

    def _end(self) -> None:
        self.ended = True
        self.up.clear()

    def arrive(self, count: int) -> None:
        """The next frames of the client reach the server."""
        for _ in range(min(count, len(self.up))):
            frame = self.up.popleft()
            self._ears.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})
            self._loop.settle()

    def cut(self) -> None:
        """What is under way is lost, and the server notices."""
        self._end()
        self.down.clear()
        self._ears.put_nowait({"type": "websocket.disconnect", "code": 1006})
        self._loop.settle()


class Call:
    """An HTTP request and its answer. With `on_event` the answer is a stream of events."""

    def __init__(self, loop: StillLoop, method: str, path: str, body: Frame | None, **query: Any) -> None:
        self._loop = loop
        self._method, self._path, self._body, self._query = method, path, body, query
        self._gone = asyncio.Event()
        self._raw = b""
        self.arrived = False
        self.ended = False
        """All of the answer is under way, or no more of it comes."""
        self.status: int | None = None
        self.down: deque[tuple[str | None, Frame]] = deque()
        """Events of a stream that have not reached the client yet."""

    def arrive(self, server: MortalServer) -> None:
        """The request reaches the server."""
        self.arrived = True
        if server.parts is None:
            self.ended = True
            return
        headers = [(b"content-type", b"application/json"), (b"prefer", b"respond-async")]
        scope: Frame = {"type": "http", "method": self._method, "path": self._path, "headers": headers}
        scope |= {"query_string": urlencode(self._query).encode(), "scheme": "http", "client": None}
        scope |= {"http_version": "1.1", "server": ("model", 80), "root_path": ""}
        task = self._loop.create_task(server.app(scope, self._receive, self._send))
        task.add_done_callback(self._done)
        self._loop.settle()

    async def _receive(self) -> Frame:
        if self._body is not None:
            body, self._body = json.dumps(self._body).encode(), None
            return {"type": "http.request", "body": body}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:  # Any: ASGI's
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif self.streams:
            self.down.extend(_event(message.get("body", b"").decode()))
        else:
            self._raw += message.get("body", b"")

    def _done(self, task: "asyncio.Task[None]") -> None:
        self.ended = True
        if task.cancelled() or task.exception() is not None:  # the server died
            self.status = self.status if self.streams else None

    @property
    def streams(self) -> bool:
        return self._path.endswith("/events")

    def answer(self) -> Frame | None:
        """The body, or None if the server was lost before it had answered."""
        return None if self.status is None else json.loads(self._raw or b"null")

    def cut(self) -> None:
        self.down.clear()
        self.ended = True
        self._gone.set()
        self._loop.settle()


def _event(chunk: str) -> list[tuple[str | None, Frame]]:
    """The event in one chunk of a stream, with its id; comments are none."""
    fields = dict(line.partition(": ")[::2] for line in chunk.splitlines() if ": " in line)
    return [(fields.get("id"), json.loads(fields["data"]))] if "data" in fields else []
