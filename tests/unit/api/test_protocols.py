"""When a peer is given up, and what of uvicorn that rests on."""

import asyncio

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from api import stalls
from api.protocols import HttpProtocol, SocketProtocol
from api.stalls import Watch

PATIENT_S = 20.0


class Bytes:
    """A transport that is only asked how many bytes wait; each time it tells the next number."""

    def __init__(self, *left: int) -> None:
        self._left = list(left)

    def get_write_buffer_size(self) -> int:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


async def gives_up(*left: int, patience: float) -> bool:
    """Whether a watch that finds these numbers of bytes does, before it ends."""
    stalled = asyncio.Event()
    watch = Watch(Bytes(*left), stalled.set, lambda: patience)  # type: ignore[arg-type]  # it asks no more
    watch.begin()
    while watch.watching:  # noqa: ASYNC110 - it ends by itself
        await asyncio.sleep(0)
    return stalled.is_set()


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalls, "LOOK_S", 0.005)


@pytest.mark.anyio
async def test_a_peer_that_has_taken_all_is_not_given_up() -> None:
    assert not await gives_up(9, 5, 0, patience=PATIENT_S)
    assert not await gives_up(9, 9, 9, 0, patience=PATIENT_S)


@pytest.mark.anyio
async def test_a_peer_that_takes_nothing_is_given_up() -> None:
    assert await gives_up(9, 9, patience=0.02)
    assert await gives_up(9, 12, patience=0.02)


@pytest.mark.anyio
async def test_every_byte_that_leaves_starts_the_time_anew() -> None:
    assert not await gives_up(*range(60, -1, -1), patience=0.15)


@pytest.mark.anyio
async def test_a_watch_that_has_ended_gives_nobody_up() -> None:
    stalled = asyncio.Event()
    watch = Watch(Bytes(9), stalled.set, lambda: 0)  # type: ignore[arg-type]  # as above
    watch.begin()
    watch.end()
    await asyncio.sleep(0.02)
    assert not stalled.is_set()


@pytest.mark.anyio
async def test_uvicorn_has_all_that_is_replaced_and_relied_on() -> None:
    """Fails where a new version of uvicorn wants `api.protocols` to be read again."""
    config = uvicorn.Config(quiet, ws=SocketProtocol, http=HttpProtocol)
    config.load()
    assert (config.ws_protocol_class, config.http_protocol_class) == (SocketProtocol, HttpProtocol)
    socket = vars(SocketProtocol(config, ServerState(), {}))
    relied_on = {"transport", "loop", "conn", "writable", "close_sent", "handshake_complete"}
    assert relied_on | {"pong_timer", "ping_timeout"} <= socket.keys()
    assert hasattr(socket["conn"], "fail")
    replaced = {"connection_made", "connection_lost", "pause_writing", "resume_writing"}
    assert replaced <= vars(HttpToolsProtocol).keys()
    assert replaced | {"send", "keepalive_timeout"} <= vars(WebSocketsSansIOProtocol).keys()


async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that says nothing."""
