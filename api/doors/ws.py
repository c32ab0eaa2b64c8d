"""`/ws/chat`: admits a WebSocket, then reads and writes until one side has had enough."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from fastapi import APIRouter
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from api.auth.identity import Identity
from api.auth.origins import Origins
from api.auth.places import Places
from api.auth.sockets import real_address
from api.core.errors import ChatError, Code
from api.doors.dialog import Dialog, SocketServices
from api.doors.expiry import Expiry
from api.doors.farewell import Farewell
from api.doors.requests import Requests
from api.service.ports import Hints, Undo
from api.wire.connection import BINARY, CROWDED, EXPIRED, RESTART, UNAUTHORIZED, Close, written_at_once
from api.wire.frames import Subscribe
from api.wire.incoming import AnyClientFrame

SUBPROTOCOL = "chat.v1"
HELLO_S = 5.0


class Sockets:
    """The open WebSockets of this server."""

    def __init__(
        self, services: SocketServices, *, origins: Origins, places: "Places[Socket]", hints: Hints
    ) -> None:
        self.services = services
        self.origins = origins
        self.places = places
        self.hints = hints
        self.farewell = Farewell()

    def router(self) -> APIRouter:
        router = APIRouter()

        @router.websocket("/ws/chat")
        async def chat(websocket: WebSocket) -> None:
            await self._admit(websocket)

        return router

    async def _admit(self, websocket: WebSocket) -> None:
        if not self.origins.permit(websocket):
            await websocket.close()  # before the upgrade: HTTP 403
            return
        socket = Socket(self, websocket)
        try:
            if await self.places.admit(real_address(websocket), socket):
                with self.farewell.of(socket):
                    await socket.run()
            else:
                await websocket.send_denial_response(Response(status_code=429, headers={"Retry-After": "30"}))
        finally:
            socket.leave()
            self.places.leave(socket)


class Socket:
    """One WebSocket's life: a reader and a writer around a dialog, and who carries out what was read.

    The reader never waits for what is asked, be the database locked: a peer is heard, and seen to be there.
    """

    def __init__(self, sockets: Sockets, websocket: WebSocket) -> None:
        self._sockets = sockets
        self._websocket = websocket
        written = written_at_once(websocket.scope)
        self._dialog = Dialog(sockets.services, None, self._identified, written)
        self._deaf: Undo | None = None
        self._expiry = Expiry(self._expired, partial(self.close, EXPIRED))
        self._drained = asyncio.Event()
        self._requests = Requests(self._answer)
        self._gone = False
        self._answering: asyncio.Timeout | None = None
        """Of a `subscribe`, which matters to nobody but this peer."""

    async def run(self) -> None:
        offered = self._websocket.scope.get("subprotocols") or []
        identity = await self._identity()
        await self._websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        if identity is not None:
            self._dialog.identity = identity
            self._identified(identity)
        late = asyncio.get_running_loop().call_later(HELLO_S, self._require_identity)
        try:
            await self._until_closed()
        finally:
            late.cancel()

    async def _identity(self) -> Identity | None:
        try:
            return await self._sockets.services.who.identify(self._websocket)
        except ChatError as error:
            self._dialog.connection.refuse(error, None, {})
            self._dialog.connection.close(UNAUTHORIZED)
            return None

    def _identified(self, identity: Identity) -> None:
        """The user is known now, or has a new token."""
        self._sockets.places.enter(identity.user_id, self)
        if self._deaf is None:
            self._deaf = self._sockets.hints.listen(identity.user_id, self._dialog.deliver)
        self._expiry.expect(identity.expires_at)

    def _expired(self) -> None:
        """Says so; there is a while left for a `hello` with a new token."""
        self._dialog.connection.refuse(ChatError(Code.TOKEN_EXPIRED), None, {})
        self._dialog.follower.nudge()

    def give_way(self) -> None:
        """To another connection of the user's."""
        self.refuse(ChatError(Code.TOO_MANY_CONNECTIONS), CROWDED)

    def refuse(self, error: ChatError, close: Close) -> None:
        self._dialog.connection.refuse(error, None, {})
        self.close(close)

    def close(self, close: Close) -> None:
        """Sends what waits, then closes."""
        self._dialog.connection.close(close)
        self._dialog.follower.nudge()

    def say_draining(self, retry_after_ms: int) -> None:
        self._dialog.connection.reply({"type": "draining", "retry_after_ms": retry_after_ms})
        self._dialog.follower.nudge()

    def leave(self) -> None:
        """Follows nothing any more, and is not to be used again."""
        self._expiry.forget()
        if self._deaf is not None:
            self._deaf()
        self._dialog.close()
        del (
            self._dialog,
            self._requests,
            self._expiry,
        )  # they hold methods of this, and full collections are rare

    async def _until_closed(self) -> None:
        """Whichever ends first, reader or writer, ends the other, and what is being carried out."""
        both = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await self._requests.abandon()
            ends = await asyncio.gather(*both, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _require_identity(self) -> None:
        """A `hello` that has come in time may be looked at for longer."""
        if self._dialog.identity is None and not self._dialog.greeted:
            self.refuse(ChatError(Code.UNAUTHORIZED), UNAUTHORIZED)

    async def _read(self) -> None:
        while self._dialog.connection.closing is None:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                await self._end_without_peer()
                return
            self._sockets.places.touch(self)
            text = message.get("text")
            if text is None:
                self.close(BINARY)
            elif frame := self._dialog.take(text):
                self._requests.put(frame)
                await self._requests.room()
            while self._dialog.connection.full and self._dialog.connection.closing is None:
                self._drained.clear()
                await self._drained.wait()
        await asyncio.Event().wait()  # the writer closes the connection and with it this task

    async def _answer(self, frame: AnyClientFrame) -> None:
        """A `hello` is carried out as well: what comes after it may need to know whose it is."""
        if self._dialog.connection.closing is not None:
            return
        if not isinstance(frame, Subscribe):
            await self._dialog.answer(frame)
        elif not self._gone:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as self._answering:
                    await self._dialog.answer(frame)
            self._answering = None

    async def _end_without_peer(self) -> None:
        """Nobody hears of it any more: nothing is followed, and all else that was asked is carried out."""
        if not self._gone and self._answering is not None:
            self._answering.reschedule(asyncio.get_running_loop().time())
        self._gone = True
        await self._requests.settled()

    async def _write(self) -> None:
        try:
            await self._write_until_closed()
        except WebSocketDisconnect:
            await self._end_without_peer()

    async def _write_until_closed(self) -> None:
        connection, follower = self._dialog.connection, self._dialog.follower
        while True:
            if connection.waits:
                await self._send_waiting()
            if connection.closing is not None:
                await self._close(connection.closing)
                return
            turn = await follower.turn()
            if turn is None:
                if follower.parting:
                    connection.close(RESTART)
                continue
            if connection.waits:
                await self._send_waiting()  # a `subscribed` precedes the events that follow it
            frame = await self._dialog.take_turn(turn)
            if frame is not None:
                await self._send([frame])

    async def _send_waiting(self) -> None:
        await self._send(self._dialog.connection.take())
        self._drained.set()

    async def _send(self, frames: Sequence[str]) -> None:
        if self._dialog.connection.written(*frames):
            return
        try:
            for frame in frames:
                await self._websocket.send({"type": "websocket.send", "text": frame})
        except RuntimeError as closed:  # the server's word for a socket that it has closed itself
            raise WebSocketDisconnect from closed

    async def _close(self, close: Close) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, TimeoutError, WebSocketDisconnect):
                async with asyncio.timeout(HELLO_S):
                    await self._websocket.close(close.code, close.reason)
