"""Peers that begin something and never go on. They cost nothing here: nobody reads or writes any more."""

import asyncio
import json
import re
import socket
from collections.abc import Sequence
from contextlib import suppress

_NARROW = 4096
_CLOSED_AS_SLOW = re.compile(rb"\x88[\x02-\x7d]\x0f\xa1")  # a close frame with 4001
_UPGRADE = (
    "GET /ws/chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
_POST = "POST /api/chat/identity HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


class Peer:
    """A socket, as raw as it is."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW)
        self._socket.setblocking(False)

    async def say(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, ("127.0.0.1", self._port))
        await loop.sock_sendall(self._socket, data)

    async def upgrade(self, headers: str, frame: bytes = b"") -> None:
        """Says one frame once the server has switched."""
        await self.say(f"{_UPGRADE}{headers}\r\n".encode())
        await self._heard(b"\r\n\r\n")
        await asyncio.get_running_loop().sock_sendall(self._socket, frame)

    async def follow(self, headers: str, session_id: str) -> None:
        """Follows a session, and reads nothing of it any more."""
        await self.upgrade(headers, text_frame(json.dumps({"type": "subscribe", "session_id": session_id})))
        await self._heard(b'"type":"subscribed"')

    async def _heard(self, words: bytes) -> None:
        heard = b""
        while words not in heard:
            data = await asyncio.get_running_loop().sock_recv(self._socket, 1)
            if not data:
                raise AssertionError(f"the server said only {heard!r}")
            heard += data

    async def rest(self) -> bytes:
        """All that the server still says, until it ends the connection."""
        heard = bytearray()
        with suppress(ConnectionError):
            while data := await asyncio.get_running_loop().sock_recv(self._socket, 65536):
                heard += data
        return bytes(heard)

    async def was_too_slow(self) -> bool:
        return _CLOSED_AS_SLOW.search((await self.rest())[-200:]) is not None

    def close(self) -> None:
        self._socket.close()


async def half_open(port: int, authorization: str, number: int) -> Peer:
    """One of five kinds: each stops at another place."""
    peer = Peer(port)
    match number % 5:
        case 0:
            await peer.say(b"GET /readyz HTTP/1.1\r\nHost: loc")
        case 1:
            await peer.say(f"{_POST}Content-Length: 1000\r\n\r\n{{".encode())
        case 2:
            await peer.say(_UPGRADE.encode())
        case 3:
            await peer.upgrade("")
        case _:
            await peer.upgrade(authorization)
    return peer


def text_frame(text: str) -> bytes:
    """With a mask of zeros, which changes nothing."""
    data = text.encode()
    return b"\x81\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data


def close_all(peers: Sequence[Peer]) -> None:
    for peer in peers:
        peer.close()
