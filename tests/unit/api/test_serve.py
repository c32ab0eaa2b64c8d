"""The server and a peer that reads nothing, or not at once, under either event loop."""

import asyncio
import gc
import logging
import resource
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api import protocols, serve, stalls

WAIT_S = 20
STALL_S, CLOSE_S, PING_S = 0.3, 0.2, 0.05
LARGE = "x" * 900_000  # more than any buffer on the way holds
FILL = "abcdefgh"  # more frames than a peer takes that reads on demand
CLOSE = {"type": "websocket.close", "code": 4504}


class Talker:
    """An app that sends `frames` on each WebSocket, closes it if it is to, and waits for its end."""

    def __init__(self, *frames: str, close: bool = False) -> None:
        self._frames = frames
        self._close = close
        self.raised: Exception | None = None
        self.sent = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            for frame in self._frames:
                await send({"type": "websocket.send", "text": frame})
            if self._close:
                await send(CLOSE)
        except (RuntimeError, OSError) as error:
            self.raised = error
        self.sent.set()
        while (await receive())["type"] != "websocket.disconnect":
            pass


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "STALL_S", STALL_S)
    monkeypatch.setattr(protocols, "CLOSE_S", CLOSE_S)
    monkeypatch.setattr(stalls, "LOOK_S", 0.02)
    monkeypatch.setattr(serve, "PING_S", PING_S)


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    pytest.importorskip(name)
    return name


@pytest.fixture(autouse=True)
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a peer does is an error of the server's."""
    yield
    told = [record for record in caplog.get_records("call") if record.name.startswith("uvicorn")]
    assert not [record.getMessage() for record in told if record.levelno >= logging.ERROR]


@contextmanager
def served(
    app: ASGIApp, loop_name: str, drain: Callable[[], Awaitable[None]] | None = None
) -> Iterator[serve.DrainingServer]:
    sock = serve.listen("127.0.0.1", 0)
    port = sock.getsockname()[1]
    config = serve.config(app, host="127.0.0.1", port=port, frame_bytes=1000, trusted_proxies="")
    config.loop, config.lifespan = loop_name, "off"
    ready = threading.Event()
    server = serve.DrainingServer(config, drain or nothing, ready.set)
    thread = threading.Thread(target=run, args=(server, sock))
    thread.start()
    try:
        assert ready.wait(WAIT_S)
        yield server
    finally:
        server.should_exit = True
        thread.join()


def run(server: uvicorn.Server, sock: socket.socket) -> None:
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(server.serve([sock]))


async def nothing() -> None:
    """Nothing is to be drained."""


@contextmanager
def reading_on_demand(server: uvicorn.Server) -> Iterator[ClientConnection]:
    """It answers pings only as far as it reads, and reads no further ahead than a frame."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", server.config.port))
        url = f"ws://127.0.0.1:{server.config.port}"
        with connect(url, sock=sock, max_queue=1, max_size=None, close_timeout=1, proxy=None) as found:
            yield found


def until_closed(connection: ClientConnection) -> tuple[list[int], int | None]:
    """How long the frames are that still come, and the code of the close if one does."""
    lengths: list[int] = []
    try:
        while True:
            lengths.append(len(connection.recv(WAIT_S)))
    except ConnectionClosed as closed:
        return lengths, None if closed.rcvd is None else closed.rcvd.code


def wait_until_let_go(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + WAIT_S
    while server.server_state.connections:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_idle_connection_outlives_the_minute_for_which_proxies_keep_it() -> None:
    config = serve.config(Talker(), host="127.0.0.1", port=0, frame_bytes=1000, trusted_proxies="")
    assert config.timeout_keep_alive > 60


def test_a_send_to_whoever_takes_nothing_ends_and_it_is_told_4001(loop_name: str) -> None:
    """It misses several pings before that: they wait behind what it has not read."""
    app = Talker(*["x" * 16_000] * 100)
    with served(app, loop_name) as server, reading_on_demand(server) as connection:
        wait_until_let_go(server)
        assert app.raised is not None
        frames, code = until_closed(connection)
    assert (code, 0 < len(frames) < 40) == (4001, True)


def test_one_large_frame_may_take_longer_than_that(loop_name: str) -> None:
    app = Talker(LARGE, close=True)
    with served(app, loop_name) as server, reading_on_demand(server) as connection:
        assert until_closed(connection) == ([len(LARGE)], 4504)
    assert app.raised is None


@pytest.mark.parametrize("most", [120_000, len(LARGE)], ids=["hardly more than the kernel takes", "more"])
def test_a_close_does_not_wait_for_what_it_stands_behind(loop_name: str, most: int) -> None:
    app = Talker(*FILL, LARGE[:most], close=True)
    with served(app, loop_name) as server, reading_on_demand(server) as connection:
        assert app.sent.wait(WAIT_S)
        wait_until_let_go(server)
        frames, code = until_closed(connection)
    assert (app.raised, code) == (None, None)
    assert most not in frames


def test_whoever_answers_no_ping_is_dropped_although_nothing_waits(loop_name: str) -> None:
    app = Talker(*FILL)
    with served(app, loop_name) as server, reading_on_demand(server) as connection:
        wait_until_let_go(server)
        assert until_closed(connection)[1] == 1011
    assert app.raised is None


def test_leaving_does_not_wait_long_for_whoever_takes_nothing(loop_name: str) -> None:
    app = Talker(*FILL, LARGE, "more")
    with served(app, loop_name) as server, reading_on_demand(server):
        server.should_exit = True
        started = time.monotonic()
        wait_until_let_go(server)
    assert time.monotonic() - started < server.config.timeout_graceful_shutdown  # type: ignore[operator]


def test_the_limit_of_open_files_is_raised_as_far_as_permitted() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 512), hard))
    try:
        serve.allow_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_was_made_before_the_start_is_not_looked_through_again() -> None:
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        serve.spare_the_collector()
        assert gc.get_freeze_count() > frozen
        assert gc.get_threshold() == serve.COLLECT_AFTER
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def test_what_connections_are_still_to_be_told_is_told_before_they_are_closed(
    loop_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "FAREWELL_S", WAIT_S)
    drained, released = threading.Event(), threading.Event()

    async def drain() -> None:
        drained.set()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.to_thread(released.wait, WAIT_S)
        await send({"type": "websocket.send", "text": "the last word"})
        await send(CLOSE)

    with (
        served(app, loop_name, drain) as server,
        connect(f"ws://127.0.0.1:{server.config.port}", proxy=None) as connection,
    ):
        server.handle_exit(15, None)
        assert drained.wait(WAIT_S)
        time.sleep(0.3)  # in which it would close everything
        released.set()
        assert connection.recv(WAIT_S) == "the last word"
        assert until_closed(connection)[1] == 4504
