"""The network between a browser and a server, which a test can cut, take away, or bar to WebSockets."""

import asyncio
import socket
import struct
from contextlib import suppress

_PIECE = 65_536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST and forgets what was not yet sent
WEBSOCKETS = b"GET /ws/"


class Relay:
    """Passes bytes on to the server on `port` of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._barred: bytes | None = None
        self.url = ""

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1")
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Every connection is reset. New ones may come."""
        for writer in [*self._open]:
            _reset(writer)

    async def bar(self, beginning: bytes = b"") -> None:
        """Cuts, and from now on resets what begins like this; without a beginning, everything."""
        self._barred = beginning
        await self.cut()

    async def let_through(self) -> None:
        self._barred = None

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(_PIECE)
        if self._barred is not None and first.startswith(self._barred):
            return _reset(writer)
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return _reset(writer)  # nobody listens there
        up_writer.write(first)
        pair = {writer, up_writer}
        self._open |= pair
        try:
            await asyncio.gather(_pump(reader, up_writer), _pump(up_reader, writer))
        finally:
            self._open -= pair
            for end in pair:
                end.close()
        return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    peer: socket.socket = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
