"""Clients as cheap as Python allows, so that one core of them can load one core of server.

Nothing is parsed that need not be: tokens are found in the bytes as they arrive, whatever frames they travel
in. What is checked of each is its number: a token that is lost, repeated or out of order raises.
"""

import asyncio
import base64
import json
import os
import re
import struct
import time
import uuid
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TypeAlias, cast

MARK = re.compile(rb" w@(\d+):(\d+)@")
KEPT = 128
"""Bytes of a read that may be the beginning of a token, or of the end."""
CONNECT_S = 30.0
BATCH = 50
SHORT, LONG = 126, 2**16

Arrival: TypeAlias = tuple[int, int]
"""When a token came and when it was due, in nanoseconds of `time.monotonic`."""


class WireBroken(AssertionError):
    """The answer is not what the chain said, or did not come to its end."""


@dataclass
class Heard:
    """One question's answer: nanoseconds when it was asked and its first token came, and its arrivals."""

    asked: int
    first: int = 0
    tokens: int = 0
    arrivals: list[Arrival] = field(default_factory=list)


class Wire(asyncio.Protocol):
    """One connection that asks one question at a time. Subclasses know how a server wants to be asked."""

    end: bytes
    mark = MARK

    def __init__(self, port: int) -> None:
        self.port = port
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done: asyncio.Future[Heard] | None = None
        self._heard = Heard(0)
        self._wanted = 0
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    @abstractmethod
    def open(self) -> None:
        """Begin; `ready` is set when questions can be asked."""

    @abstractmethod
    def say(self, question: str) -> None: ...

    def write(self, data: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - for mypy: open() is called once there is one
        self._transport.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its bases
        self.open()

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(f"the connection ended: {exc!r}")

    def fail(self, why: str) -> None:
        for future in (self.ready, self._done):
            if future is not None and not future.done():
                future.set_exception(WireBroken(why))

    async def ask(self, tokens: int, delay_s: float, words: str = "") -> Heard:
        """Ask for so many tokens, and wait for the whole answer."""
        self._done = asyncio.get_running_loop().create_future()
        self._heard, self._wanted, self._rest = Heard(time.monotonic_ns()), tokens, b""
        self.say(self.question(tokens, delay_s, words))
        return await self._done

    def question(self, tokens: int, delay_s: float, words: str) -> str:
        return f"{words} {tokens} {delay_s}".lstrip()

    def due(self, found: re.Match[bytes]) -> int:
        """When a token was due."""
        return int(found[2])

    def hear(self, data: bytes) -> None:
        """Take bytes of the answer."""
        if self._done is None or self._done.done():
            return None
        now, heard = time.monotonic_ns(), self._heard
        data, reach = self._rest + data, 0
        for found in self.mark.finditer(data) if heard.tokens < self._wanted else ():
            if int(found[1]) != heard.tokens:
                return self.fail(f"token {int(found[1])} came where {heard.tokens} belongs")
            heard.first = heard.first or now
            heard.tokens += 1
            heard.arrivals.append((now, self.due(found)))
            reach = found.end()
            if heard.tokens == self._wanted:  # Chainlit says the whole answer once more
                break
        rest = data[reach:]
        self._rest = rest[-KEPT:]
        if heard.tokens == self._wanted and self.end in rest:
            self._done.set_result(heard)
        return None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Sse(Wire):
    """LangServe's stream endpoint, a request a question on a connection that stays."""

    end = b"\r\n0\r\n\r\n"

    def open(self) -> None:
        self.ready.set_result(None)

    def say(self, question: str) -> None:
        body = json.dumps({"input": {"question": question}}).encode()
        head = f"POST /chain/stream HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        head += "Content-Type: application/json\r\nAccept: text/event-stream\r\n"
        self.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def data_received(self, data: bytes) -> None:
        self.hear(data)


class Socket(Wire):
    """A WebSocket that sends the question as it is."""

    end = b"@end@"
    path = "/ws/chat"

    def open(self) -> None:
        self._head: bytes | None = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.write(
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def upgraded(self) -> None:
        self.ready.set_result(None)

    def say(self, question: str) -> None:
        self.frame(question)

    def frame(self, text: str) -> None:
        """Send a text frame, with the mask of nothing."""
        payload = text.encode()
        size = len(payload)
        length = bytes([0x80 | size]) if size < SHORT else bytes([0x80 | SHORT]) + struct.pack("!H", size)
        self.write(b"\x81" + length + b"\0\0\0\0" + payload)

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            self.hear(data)
            return
        self._head += data
        head, found, rest = self._head.partition(b"\r\n\r\n")
        if not found:
            return
        self._head = None
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.fail(f"no WebSocket: {head[:200].decode('latin-1')}")
            return
        self.upgraded()
        if rest:
            self.data_received(rest)


class Steady(Socket):
    """Our own: a user and a session of its own, as everybody has."""

    end = b'"type":"done"'

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._session: str | None = None
        self._before = b""
        self._read = b""

    def open(self) -> None:
        """A new user first: without a token there is nobody to be welcomed."""
        self._identity: bytes | None = b""
        head = f"POST /api/chat/identity HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        self.write(f"{head}Content-Length: 0\r\n\r\n".encode())

    def upgraded(self) -> None:
        self.frame(json.dumps({"type": "hello", "protocol": 1, "token": self._token}))

    def say(self, question: str) -> None:
        frame = {"type": "send", "client_message_id": str(uuid.uuid4()), "content": question}
        if self._session is not None:
            frame["session_id"] = self._session
        self.frame(json.dumps(frame))

    def data_received(self, data: bytes) -> None:
        if self._identity is None:
            super().data_received(data)
            return
        self._identity += data
        head, found, body = self._identity.partition(b"\r\n\r\n")
        if not found or not body.endswith(b"}"):
            return
        if b" 200 " not in head.split(b"\r\n")[0]:
            self.fail(f"no identity: {(head + body)[:200].decode('latin-1')}")
            return
        self._token, self._identity = json.loads(body)["token"], None
        super().open()

    def hear(self, data: bytes) -> None:
        """Without what tells of sessions: it has the beginning of their last answers."""
        self._read += data
        place, frames = 0, list[bytes]()
        while (end := _frame_end(self._read, place)) is not None:
            frames.append(self._read[place:end])
            place = end
        self._read = self._read[place:]
        self.hear_frames(b"".join(each for each in frames if b'{"type":"session"' not in each[:30]))

    def hear_frames(self, data: bytes) -> None:
        if not self.ready.done():
            if b'"welcome"' in data:
                self.ready.set_result(None)
            return
        if self._session is None:
            self._before += data
            if found := re.search(rb'"session_id":"([^"]+)"', self._before):
                self._session, self._before = found[1].decode(), b""
        if b'"type":"error"' in data:
            self.fail(data[:300].decode("latin-1"))
        super().hear(data)


def _frame_end(data: bytes, place: int) -> int | None:
    """Where the frame that begins there ends, if all of it has come."""
    if len(data) < place + 2:
        return None
    size, head = data[place + 1], 2
    if size == SHORT:
        size, head = int.from_bytes(data[place + 2 : place + 4], "big"), 4
    elif size > SHORT:
        size, head = int.from_bytes(data[place + 2 : place + 10], "big"), 10
    end = place + head + size
    return end if len(data) >= end else None


class Scripted(Steady):
    """Our own with the scripted chain, whose tokens do not say when they were due.

    The one that came soonest tells when it must have begun; the others are late by comparison.
    """

    mark = re.compile(rb"t(\d+) ")

    def question(self, tokens: int, delay_s: float, words: str) -> str:
        self._step = round(delay_s * 1e9)
        return f"{words} tokens={tokens} rate={1 / delay_s if delay_s else 0}".lstrip()

    def due(self, found: re.Match[bytes]) -> int:
        return int(found[1]) * self._step

    async def ask(self, tokens: int, delay_s: float, words: str = "") -> Heard:
        heard = await super().ask(tokens, delay_s, words)
        began = min(now - due for now, due in heard.arrivals)
        heard.arrivals = [(now, began + due) for now, due in heard.arrivals]
        return heard


class Chainlit(Socket):
    """Socket.IO in one WebSocket, with the events of Chainlit's page."""

    end = b'"task_end"'
    path = "/ws/socket.io/?EIO=4&transport=websocket"

    def upgraded(self) -> None:
        self._stage = 0

    def hear(self, data: bytes) -> None:
        if self._stage == 0 and b"0{" in data:
            self._stage = 1
            auth = {"clientType": "webapp", "sessionId": str(uuid.uuid4()), "threadId": "", "userEnv": "{}"}
            self.frame("40" + json.dumps({**auth, "chatProfile": "", "authToken": ""}))
        elif self._stage == 1 and b"40{" in data:
            self._stage = 2
            self.frame('42["connection_successful"]')
            # It answers with nothing that tells when it is done with that.
            asyncio.get_running_loop().call_later(0.3, self.ready.set_result, None)
        elif self._stage == 2:  # noqa: PLR2004 - the last
            super().hear(data)

    def say(self, question: str) -> None:
        message = {"id": str(uuid.uuid4()), "name": "user", "type": "user_message", "output": question}
        message |= {"createdAt": "2026-01-01T00:00:00Z", "threadId": "", "parentId": None}
        self.frame("42" + json.dumps(["client_message", {"message": message, "fileReferences": []}]))


async def connect(kind: type[Wire], port: int, count: int) -> list[Wire]:
    """Open so many connections, all of them ready."""
    loop, wires = asyncio.get_running_loop(), list[Wire]()
    while len(wires) < count:
        batch = [kind(port) for _ in range(min(BATCH, count - len(wires)))]
        await asyncio.gather(*(loop.create_connection(lambda w=wire: w, "127.0.0.1", port) for wire in batch))
        async with asyncio.timeout(CONNECT_S):
            await asyncio.gather(*(wire.ready for wire in batch))
        wires += batch
    return wires
