"""Peers that read slowly or not at all: what they cost, when they are closed, and that they are told."""

import ctypes
import logging
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from api import protocols, serve, stalls
from api.doors import sse
from tests.support.live import Live, User, live
from tests.support.talk import PATIENCE_S, Frame, answer_of, hear, say

STALL_S = 0.4
LONG_ANSWER = "tokens=900 piece_bytes=1000"  # more than any buffer on the way holds
WINDOW = 4096
ATTACH_FILTER = 26
RETURN_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)  # the one instruction of a filter that takes no packet


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """With one socket for an address, and impatient."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(serve, "PING_S", STALL_S)
        patched.setattr(protocols, "STALL_S", STALL_S)
        patched.setattr(protocols, "CLOSE_S", STALL_S / 2)
        patched.setattr(protocols, "DEAD_S", STALL_S * 1.5)
        patched.setattr(stalls, "LOOK_S", STALL_S / 10)
        patched.setattr(protocols, "HEAD_S", STALL_S)
        patched.setattr(protocols, "BODY_S", STALL_S)
        patched.setattr(sse, "SILENCE_S", STALL_S / 4)
        with live(
            tmp_path_factory.mktemp("slow"), limit_messages_per_minute=0, limit_sockets_per_address=1
        ) as found:
            yield found


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a peer does is an error of the server's."""
    yield
    told = [record for record in caplog.get_records("call") if record.name.startswith("uvicorn")]
    assert not [record.getMessage() for record in told if record.levelno >= logging.ERROR]


def narrow(server: Live) -> socket.socket:
    """Connected, with little room for what is not read."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    found.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    return found


@contextmanager
def reading_on_demand(server: Live, user: User) -> Iterator[ClientConnection]:
    """A WebSocket that reads no further ahead than one frame."""
    with (
        narrow(server) as sock,
        connect(
            server.socket_url,
            sock=sock,
            max_queue=1,
            additional_headers={"Authorization": f"Bearer {user.token}"},
            proxy=None,
        ) as found,
    ):
        yield found


def long_answer(user: User) -> dict[str, Any]:
    found: dict[str, Any] = user.http.post("/api/chat/messages", json={"content": LONG_ANSWER}).json()
    page = user.http.get(f"/api/chat/sessions/{found['message']['session_id']}/messages").json()
    return {"session_id": found["message"]["session_id"], "epoch": page["epoch"], "after": 0}


def until_closed(connection: ClientConnection) -> tuple[list[Frame], int | None]:
    """What still comes, and the code of the close if one does."""
    heard: list[Frame] = []
    try:
        while True:
            heard.append(hear(connection))
    except ConnectionClosed as closed:
        return heard, None if closed.rcvd is None else closed.rcvd.code


class Lost:
    """Which connections the server has let go of, by the port of their peer."""

    def __init__(self) -> None:
        self._ports: set[int] = set()
        self._news = threading.Condition()

    def add(self, port: int) -> None:
        with self._news:
            self._ports.add(port)
            self._news.notify_all()

    def wait_for(self, peer: socket.socket) -> None:
        port = peer.getsockname()[1]
        with self._news:
            assert self._news.wait_for(lambda: port in self._ports, PATIENCE_S)


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> Lost:
    found = Lost()
    for each in (protocols.HttpProtocol, protocols.SocketProtocol):
        monkeypatch.setattr(each, "connection_lost", noted(each, found))
    return found


def noted(protocol: Any, lost: Lost) -> Any:  # Any: either of two
    inherited = protocol.connection_lost

    def connection_lost(self: Any, exc: Exception | None) -> None:
        inherited(self, exc)
        lost.add(self.client[1])

    return connection_lost


@pytest.mark.usefixtures("errors")
def test_whoever_reads_nothing_is_closed_with_4001_and_finds_that_when_it_reads_again(
    server: Live, user: User, lost: Lost
) -> None:
    followed = long_answer(user)
    with reading_on_demand(server, user) as connection:
        say(connection, type="subscribe", **followed)
        lost.wait_for(connection.socket)
        time.sleep(5 * STALL_S)  # the kernel keeps it, although it gives up responses sooner
        heard, code = until_closed(connection)
    assert code == 4001
    assert 0 < len([frame for frame in heard if frame["type"] == "token"]) < 40


@pytest.mark.usefixtures("errors")
def test_whoever_reads_slowly_is_waited_for_and_its_pings_are_not_held_up(server: Live, user: User) -> None:
    followed = long_answer(user)
    with reading_on_demand(server, user) as connection:
        say(connection, type="subscribe", **followed)
        heard: list[Frame] = []
        started = time.monotonic()
        while not heard or heard[-1]["type"] != "done":
            heard.append(hear(connection))
            time.sleep(0.02)
    assert time.monotonic() - started > 2 * STALL_S
    assert answer_of([frame for frame in heard if frame["type"] in {"token", "done"}])["status"] == "complete"


@pytest.mark.usefixtures("errors")
def test_an_event_stream_that_nobody_reads_is_cut_off(server: Live, user: User, lost: Lost) -> None:
    followed = long_answer(user)
    path = f"/api/chat/sessions/{followed['session_id']}/events?epoch={followed['epoch']}&after=0"
    with narrow(server) as sock:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {user.token}\r\n\r\n"
        sock.sendall(request.encode())
        sock.settimeout(PATIENCE_S)
        lost.wait_for(sock)
        total = 0
        while data := sock.recv(65536):
            total += len(data)
    assert 0 < total < 500_000


@pytest.mark.skipif(sys.platform != "linux", reason="vanishing is made by a packet filter of Linux")
@pytest.mark.usefixtures("errors")
def test_an_event_stream_whose_reader_has_vanished_is_given_up(server: Live, user: User, lost: Lost) -> None:
    session = user.http.post("/api/chat/sessions", json={}).json()["id"]
    with narrow(server) as sock:
        request = f"GET /api/chat/sessions/{session}/events HTTP/1.1\r\nHost: localhost\r\n"
        sock.sendall(f"{request}Authorization: Bearer {user.token}\r\n\r\n".encode())
        sock.settimeout(PATIENCE_S)
        assert b" 200 OK" in sock.recv(65536)
        vanish(sock)
        lost.wait_for(sock)


def vanish(sock: socket.socket) -> None:
    """From now on nothing reaches it, and its kernel confirms nothing, as if its machine were gone."""
    instructions = ctypes.create_string_buffer(RETURN_NOTHING)
    program = struct.pack("HL", 1, ctypes.addressof(instructions))
    sock.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, program)


WHOLE = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /api/chat/identity HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.usefixtures("errors")
@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"GET", id="first line"),
        pytest.param(b"GET /readyz HTTP/1.1\r\nHost: local", id="headers"),
        pytest.param(POST + b"Content-Length: 9\r\n\r\n{", id="body"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{", id="chunked body"),
        pytest.param(WHOLE + b"GET /rea", id="second request"),
        pytest.param(b"GET /ws/chat HTTP/1.1\r\nUpgrade: websocket\r\n", id="upgrade"),
    ],
)
def test_a_request_that_does_not_go_on_is_let_go_of(server: Live, lost: Lost, begun: bytes) -> None:
    with narrow(server) as sock:
        sock.sendall(begun)
        lost.wait_for(sock)


@pytest.mark.usefixtures("errors")
def test_a_kept_connection_that_says_nothing_but_a_line_is_let_go_of(server: Live, lost: Lost) -> None:
    with narrow(server) as sock:
        sock.sendall(WHOLE)
        sock.settimeout(PATIENCE_S)
        assert b" 200 OK" in sock.recv(65536)
        sock.sendall(b"\r\n")
        lost.wait_for(sock)


@pytest.mark.usefixtures("errors")
def test_a_body_that_comes_slowly_is_waited_for(server: Live) -> None:
    body = b"{" + b" " * 30 + b"}"
    with narrow(server) as sock:
        sock.settimeout(PATIENCE_S)
        sock.sendall(POST + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body))
        for place in range(len(body)):
            time.sleep(STALL_S / 16)
            sock.sendall(body[place : place + 1])
        assert b" 200 OK" in sock.recv(65536)


@pytest.mark.usefixtures("errors")
def test_a_refused_upgrade_is_no_error(server: Live, user: User) -> None:
    with (
        reading_on_demand(server, user),
        pytest.raises(InvalidStatus) as refused,
        reading_on_demand(server, user),
    ):
        pass
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "30"


def test_an_event_stream_breaks_its_silence_and_only_that(server: Live, user: User) -> None:
    headers = {"Prefer": "respond-async"}
    ask = {"content": f"tokens=12 rate={40 / STALL_S}"}
    ack = user.http.post("/api/chat/messages", json=ask, headers=headers).json()
    with user.http.stream("GET", f"/api/chat/sessions/{ack['session_id']}/events") as stream:
        lines = list(until_comment(stream.iter_lines()))
    assert "event: done" in lines


def until_comment(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith(":"):
            return
