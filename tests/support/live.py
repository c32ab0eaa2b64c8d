"""The real app under the real server, in a thread of the test process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api import serve
from api.app import create_app
from api.parts import Parts, build
from api.settings import Settings

START_S = 30


@dataclass(frozen=True)
class Live:
    """A server that is ready: where it is, and the parts that it is made of."""

    url: str
    parts: Parts

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/ws/chat"

    def client(self) -> httpx.Client:
        """Somebody new, without an identity yet."""
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    @contextmanager
    def user(self) -> Iterator["User"]:
        """Somebody new who has asked who they are."""
        with self.client() as client:
            found = client.post("/api/chat/identity").raise_for_status().json()
            yield User(client, found["user_id"], found["token"])


@dataclass(frozen=True)
class User:
    http: httpx.Client
    id: str
    token: str


@contextmanager
def live(folder: Path, port: int = 0, **settings: Any) -> Iterator[Live]:  # Any: each setting has its type
    """Serve with the scripted chain from `folder` until the block is left."""
    given: dict[str, Any] = {"data_dir": folder, "chains": "scripted=chains.scripted:build"}  # as above
    chosen = Settings(**given | settings)
    socket = serve.listen("127.0.0.1", port)
    port = socket.getsockname()[1]
    parts = build(chosen)
    ready = threading.Event()
    config = serve.config(
        create_app(parts),
        host="127.0.0.1",
        port=port,
        frame_bytes=chosen.limit_frame_bytes,
        trusted_proxies=chosen.trusted_proxies,
    )
    server = serve.DrainingServer(config, parts.drain, ready.set)
    thread = threading.Thread(target=asyncio.run, args=(server.serve([socket]),))
    thread.start()
    try:
        if not ready.wait(START_S):
            raise AssertionError("the server did not become ready")
        yield Live(f"http://127.0.0.1:{port}", parts)
    finally:
        server.should_exit = True
        thread.join()
        socket.close()
