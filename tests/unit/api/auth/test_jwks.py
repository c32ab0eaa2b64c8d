import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

import anyio
import jwt
import pytest
from anyio.lowlevel import checkpoint

from api.auth.jwks import COOL_DOWN_SECONDS, FRESH_SECONDS, Jwks

pytestmark = pytest.mark.anyio


def key(key_id: str) -> jwt.PyJWK:
    return cast("jwt.PyJWK", SimpleNamespace(key_id=key_id))


class Issuer:
    """Publishes `ids`; `down` makes it fail, and it can be held up."""

    def __init__(self, *ids: str) -> None:
        self.ids = list(ids)
        self.asked = 0
        self.down = False
        self.open = threading.Event()
        self.open.set()
        self.now = 0.0

    def __call__(self) -> Sequence[jwt.PyJWK]:
        self.asked += 1
        assert self.open.wait(10)
        if self.down:
            raise jwt.PyJWKClientConnectionError("down")
        return [key(each) for each in self.ids]

    def keys(self) -> Jwks:
        return Jwks(self, clock=lambda: self.now)


async def test_known_keys_are_not_asked_for_again() -> None:
    issuer = Issuer("a", "b")
    keys = issuer.keys()
    assert await keys.find("a")
    assert await keys.find("b")
    assert issuer.asked == 1


async def test_a_new_key_is_found_once_the_cool_down_is_over() -> None:
    issuer = Issuer("a")
    keys = issuer.keys()
    await keys.find("a")
    issuer.ids.append("b")
    assert await keys.find("b") is None
    issuer.now = COOL_DOWN_SECONDS
    assert await keys.find("b")
    assert issuer.asked == 2


async def test_made_up_ids_do_not_reach_the_issuer_again_and_again() -> None:
    for down in (False, True):
        issuer = Issuer("a")
        issuer.down = down
        keys = issuer.keys()
        for number in range(100):
            assert await keys.find(f"made up {number}") is None
        assert issuer.asked == 1


async def test_a_withdrawn_key_counts_no_more() -> None:
    issuer = Issuer("a")
    keys = issuer.keys()
    assert await keys.find("a")
    issuer.ids = ["b"]
    issuer.now = FRESH_SECONDS
    assert await keys.find("a") is None


async def test_known_keys_still_count_while_the_issuer_is_away() -> None:
    issuer = Issuer("a")
    keys = issuer.keys()
    assert await keys.find("a")
    issuer.down, issuer.now = True, FRESH_SECONDS * 10
    assert await keys.find("a")


async def test_a_slow_issuer_holds_up_nobody_who_has_a_known_key() -> None:
    issuer = Issuer("a")
    keys = issuer.keys()
    await keys.find("a")
    issuer.now = FRESH_SECONDS
    issuer.open.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keys.find, "unknown")
        while issuer.asked < 2:
            await checkpoint()  # the event loop turns while the issuer is silent
        assert await keys.find("a")
        issuer.open.set()


async def test_many_at_once_ask_once() -> None:
    issuer = Issuer("a")
    keys = issuer.keys()
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(keys.find, "a")
    assert issuer.asked == 1


async def test_keys_are_fetched_from_their_address() -> None:
    published = {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"}]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(published).encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            assert await Jwks.at(f"http://127.0.0.1:{server.server_port}/keys").find("a")
        finally:
            server.shutdown()
