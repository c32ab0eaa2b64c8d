"""A server that lies: one app on several sockets, and on each of them another lie about tokens.

Its chain tells the truth, but writes that it ran twice.
"""

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.runnables import Runnable

from api import serve
from api.app import create_app
from api.parts import build as build_parts
from api.settings import Settings
from api.wire.connection import WRITE_TEXT
from chains.scripted import RECORD, Call, Scripted

START_S = 30
UNLIMITED = {
    "limit_messages_per_minute": 0,
    "limit_sockets_per_user": 0,
    "limit_sockets_per_address": 0,
    "limit_generations_per_user": 0,
}
THIRD = 3
Message = MutableMapping[str, Any]  # Any: ASGI's own
Send = Callable[[Message], Awaitable[None]]
Lie = Callable[[Message, list[Message]], list[Message]]


def honest(message: Message, _held: list[Message]) -> list[Message]:
    return [message]


def dropped(_message: Message, _held: list[Message]) -> list[Message]:
    return []


def doubled(message: Message, _held: list[Message]) -> list[Message]:
    return [message, message]


def reordered(message: Message, held: list[Message]) -> list[Message]:
    held.append(message)
    return []


LIES: tuple[Lie, ...] = (honest, dropped, doubled, reordered)


class Liar:
    """Lies about the third token of each WebSocket, as the port that it came to asks."""

    def __init__(self, app: Any, lies: dict[int, Lie]) -> None:  # Any: ASGI's own
        self._app = app
        self._lies = lies

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:  # Any: as above
        if scope["type"] == "websocket":
            del scope["extensions"][WRITE_TEXT]  # so that all goes through `send`
            send = _lying(send, self._lies[scope["server"][1]])
        await self._app(scope, receive, send)


def _lying(send: Send, lie: Lie) -> Send:
    tokens, held = 0, list[Message]()

    async def told(message: Message) -> None:
        nonlocal tokens
        told = [message]
        if message["type"] == "websocket.send" and json.loads(message["text"])["type"] == "token":
            tokens += 1
            late = held.copy()
            held.clear()
            told = lie(message, held) if tokens == THIRD else [message, *late]
        for each in told:
            await send(each)

    return told


class Twice(Scripted):
    def _write(self, event: str, call: Call) -> None:
        super()._write(event, call)
        super()._write(event, call)


def build() -> Runnable[Any, Any]:  # Any: as the scripted chain
    return Twice(Path(os.environ[RECORD])).runnable()


@contextmanager
def lying(folder: Path) -> Iterator[dict[Lie, str]]:
    """The address of each lie."""
    given: dict[str, Any] = {
        "data_dir": folder,
        "chains": "scripted=tests.load.liars:build",
    }  # Any: each its type
    settings = Settings(**given | UNLIMITED)
    sockets = {lie: serve.listen("127.0.0.1", 0) for lie in LIES}
    ports = {lie: int(found.getsockname()[1]) for lie, found in sockets.items()}
    parts, ready = build_parts(settings), threading.Event()
    liar = Liar(create_app(parts), {port: lie for lie, port in ports.items()})
    config = serve.config(liar, host="127.0.0.1", port=0, frame_bytes=262_144, trusted_proxies="")
    server = serve.DrainingServer(config, parts.drain, ready.set)
    thread = threading.Thread(target=asyncio.run, args=(server.serve(list(sockets.values())),))
    thread.start()
    try:
        if not ready.wait(START_S):
            raise AssertionError("the server did not become ready")
        yield {lie: f"http://127.0.0.1:{port}" for lie, port in ports.items()}
    finally:
        server.should_exit = True
        thread.join()
        for each in sockets.values():
            each.close()
