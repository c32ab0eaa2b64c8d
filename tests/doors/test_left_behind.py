"""Full collections come hours apart, so what a connection leaves behind has to go without one."""

import gc
import time
from collections.abc import Iterator
from socket import SHUT_RDWR

import pytest
from websockets.exceptions import InvalidStatus

from api.doors.dialog import Dialog
from api.doors.ws import Socket
from api.protocols import HttpProtocol, SocketProtocol
from tests.support.live import Live, User
from tests.support.talk import PATIENCE_S, say, server_events, socket, to_the_end, until

OF_A_CONNECTION = (HttpProtocol, SocketProtocol, Socket, Dialog)


@pytest.fixture(autouse=True)
def no_collections() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive() -> int:
    return sum(type(each) in OF_A_CONNECTION for each in gc.get_objects())


def gone_to(most: int) -> bool:
    until = time.monotonic() + PATIENCE_S
    while alive() > most and time.monotonic() < until:
        time.sleep(0.05)  # the server closes in its own time
    return alive() <= most


def test_of_a_websocket(server: Live, user: User) -> None:
    before = alive()
    for _ in range(5):
        with socket(server, user) as connection:
            say(connection, type="send", content="tokens=3")
            to_the_end(connection)
    assert gone_to(before)


def test_of_a_websocket_that_breaks(server: Live, user: User) -> None:
    before = alive()
    for _ in range(2):  # answers at once that a user may have
        with socket(server, user) as connection:
            say(connection, type="send", content="tokens=20 rate=100")
            until(connection, "token")
            connection.socket.shutdown(SHUT_RDWR)
    assert gone_to(before)


def test_of_a_websocket_with_a_refusal(server: Live, user: User) -> None:
    before = alive()
    with socket(server, user) as connection:
        say(connection, type="send", content="tokens=5 rate=2")
        ack = until(connection, "ack")[-1]
        for _ in range(5):
            say(connection, type="send", content="tokens=5", session_id=ack["session_id"])
            assert until(connection, "error")[-1]["code"] == "session_busy"
    assert gone_to(before)


def test_of_a_websocket_that_is_refused(server: Live) -> None:
    before = alive()
    for _ in range(5):
        with pytest.raises(InvalidStatus), socket(server, None, origin="http://elsewhere.example"):
            pass
    assert gone_to(before)


def test_of_requests_and_event_streams(server: Live) -> None:
    before = alive()
    for _ in range(5):
        with server.user() as someone:
            answer = someone.http.post("/api/chat/messages", json={"content": "tokens=3"}).json()["message"]
            path = f"/api/chat/sessions/{answer['session_id']}/events?after=0"
            with someone.http.stream("GET", path) as response:
                next(server_events(response.iter_lines()))
    assert gone_to(before)
