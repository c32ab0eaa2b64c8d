"""A WebSocket that takes the question as it is: the naive server's, and what the others build on."""

import base64
import os
from abc import abstractmethod

from loadtests.bench.wires.frames import CLOSE, PING, PONG, Frames, frame
from loadtests.bench.wires.wire import Wire


class Socket(Wire):
    """The handshake, and text frames one by one."""

    path = "/ws/chat"

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._head: bytes | None = b""
        self._frames = Frames()

    def open(self) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self.write(
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    @abstractmethod
    def upgraded(self) -> None:
        """The handshake is done."""

    @abstractmethod
    def message(self, payload: bytes) -> None:
        """A text frame has come."""

    def send(self, text: str) -> None:
        self.write(frame(text.encode()))

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            data = self._handshake(data)
        for opcode, payload in self._frames.feed(data):
            if opcode == PING:
                self.write(frame(payload, PONG))
            elif opcode == CLOSE:
                self.fail(f"the server closed: {payload[2:].decode(errors='replace')}")
            else:
                self.message(payload)

    def _handshake(self, data: bytes) -> bytes:
        """What follows the server's head, once that is whole."""
        self._head = (self._head or b"") + data
        head, found, rest = self._head.partition(b"\r\n\r\n")
        if not found:
            return b""
        self._head = None
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.fail(f"no WebSocket: {head[:200].decode('latin-1')}")
        else:
            self.upgraded()
        return rest


class Naive(Socket):
    """A token a frame, and a word for the end."""

    def upgraded(self) -> None:
        self.ready.set_result(None)

    def say(self, question: str) -> None:
        self.send(question)

    def message(self, payload: bytes) -> None:
        if payload == b"@end@":
            self.ended()
        else:
            self.take(payload)
