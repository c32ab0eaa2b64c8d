"""uvicorn's protocols, with bounds on what waits for a peer and for how long.

uvicorn lets a transport flush for ever when it closes it, keeps megabytes in front of a ping, and lets
`send` wait for a peer that has stopped to read. Of its classes only what stands below is relied on.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN

from api.stalls import Watch, limit_unheard, limit_unsent, limit_waiting
from api.wire.connection import SLOW, WRITE_TEXT

STALL_S = 30.0  # without a byte taken by the peer, of the bytes that wait
CLOSE_S = 5.0  # the same, once the WebSocket is closing
HEAD_S = 30.0  # from the first byte of a request to the end of its headers
BODY_S = 30.0  # without a byte of a body that has not ended
DEAD_S = 45.0  # bytes of a response without any word of them from the peer's machine; a client waits 40
UNLIMITED = 2**31 - 1
FIN_TEXT = 0x81
SHORT, LONG = 126, 2**16
"""From so many bytes on the size of a frame is written in two bytes more, and in eight."""


def text_frame(payload: bytes) -> bytes:
    """An unfragmented, unmasked text frame: RFC 6455, section 5.2."""
    size = len(payload)
    if size < SHORT:
        return bytes((FIN_TEXT, size)) + payload
    if size < LONG:
        return bytes((FIN_TEXT, SHORT, size >> 8, size & 0xFF)) + payload
    return bytes((FIN_TEXT, SHORT + 1)) + size.to_bytes(8, "big") + payload


class _Watched(asyncio.Protocol):
    """Mixed into a protocol of uvicorn's: watches its transport for as long as writing is paused.

    When a connection is lost cycles are broken: full collections are so rare that it would stay for hours.
    """

    _watch: Watch

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.retire()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self._watch.begin()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._watch.end()
        super().resume_writing()


class HttpProtocol(_Watched, HttpToolsProtocol):
    """A response that its peer has ceased to read is cut off, whether the app is done with it or not.

    So is a request that begins and does not go on; of itself uvicorn waits for its rest for ever.
    """

    _begun = False
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        self._watch = Watch(transport, transport.abort, lambda: STALL_S)
        super().connection_made(transport)
        limit_waiting(transport)
        limit_unheard(transport, DEAD_S)
        self._expect(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment]  # as uvicorn does when a connection is lost

    def data_received(self, data: bytes) -> None:
        self._begin()
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._begin()  # it came together with the end of the request before
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._expect(BODY_S)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._expect(BODY_S)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._begun = False
        self._expect(None)
        super().on_message_complete()

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._expect(HEAD_S)

    def _expect(self, within_s: float | None) -> None:
        """More of the request has to come by then."""
        if self._due is not None:
            self._due.cancel()
        self._due = None if within_s is None else self.loop.call_later(within_s, self._overdue)

    def _overdue(self) -> None:
        if self.flow.read_paused:
            self._expect(BODY_S)  # it is the app that does not take the body
        else:
            self.transport.abort()


class SocketProtocol(_Watched, WebSocketsSansIOProtocol):
    """A WebSocket whose peer takes nothing is closed with 4001, and every close comes to an end."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._watch = Watch(self.transport, self._part, self._patience)
        limit_waiting(self.transport)
        limit_unheard(self.transport, 0)  # pings look after it, and its close may wait for a slow peer

    async def run_asgi(self) -> None:
        extensions = self.scope["extensions"]
        extensions[WRITE_TEXT] = {"write": self.write_text}
        try:
            await super().run_asgi()
        finally:
            extensions.pop(WRITE_TEXT, None)

    def write_text(self, *texts: str) -> bool:
        """Writes these as frames, all at once; False where anything is out of the ordinary: then send them.

        A token is a few dozen bytes, and its way through ASGI and the library cost more than what is in it.
        """
        ordinary = self.writable.is_set() and self.conn.state is OPEN and self.handshake_complete
        if not ordinary or self.disconnected or self.close_sent:
            return False
        self.transport.write(b"".join([text_frame(text.encode()) for text in texts]))
        return True

    def send(self, message: ASGISendEvent) -> Coroutine[Any, Any, None]:
        if message["type"] == "websocket.send" and message.get("text") is not None:
            return self._send_text(message)
        if message["type"] == "websocket.close":
            return self._close(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True  # else uvicorn takes the refusal for an app that has failed
        return super().send(message)

    async def _send_text(self, message: Any) -> None:  # Any: an event that was just found to be of this kind
        """As uvicorn does it, but for what is ordinary."""
        if not self.writable.is_set():
            await self.writable.wait()
        if not self.write_text(message["text"]):
            await super().send(message)

    async def _close(self, message: ASGISendEvent) -> None:
        """A close goes behind what waits; nobody waits then, nor for the echo of a peer that is behind."""
        self.writable.set()
        await super().send(message)
        if self._watch.watching:
            self.transport.close()

    def keepalive_timeout(self) -> None:
        """While bytes wait, the ping may well be among them: then they tell whether the peer is alive."""
        if self._watch.watching and self.ping_timeout is not None:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
        else:
            super().keepalive_timeout()

    def _patience(self) -> float:
        return CLOSE_S if self.transport.is_closing() else STALL_S

    def _part(self) -> None:
        """Says why, and leaves the rest to the kernel, which keeps it for a peer that comes back."""
        if self.transport.is_closing():
            self.transport.abort()
            return
        self.conn.fail(SLOW.code, SLOW.reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()
        self._watch.begin()
        limit_unsent(self.transport, UNLIMITED)
