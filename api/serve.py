"""Runs the app under uvicorn, and lets running answers end before it leaves."""

import asyncio
import resource
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from api.protocols import HttpProtocol, SocketProtocol

PING_S = 20.0
KEEP_ALIVE_S = 75
"""Proxies and clients keep idle connections for up to a minute, and whoever sends must be the one to close: a
server that closes may do so just as a request arrives, and nobody can tell whether it was carried out."""


class PortTakenError(Exception):
    """The address cannot be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises PortTakenError with the reason."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise PortTakenError(error.strerror or str(error)) from error
    found.set_inheritable(True)
    return found


def allow_descriptors() -> None:
    """As many as the system permits: each connection takes one, and the usual soft limit is 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # where "unlimited" cannot be had in truth
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class DrainingServer(uvicorn.Server):
    """The first signal drains, the second ends at once.

    uvicorn itself would close every socket before it waits for anything; here answers end first.
    """

    def __init__(
        self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]], ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leaving = False
        self._task: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by the interpreter between two instructions, so it only leaves word in the loop."""
        if self._loop is None or not self.started or self._leaving:
            self.should_exit = self.force_exit = True
            super().handle_exit(sig, frame)
            return
        self._leaving = True
        self._loop.call_soon_threadsafe(self._begin_to_leave, sig, frame)

    def _begin_to_leave(self, sig: int, frame: FrameType | None) -> None:
        self._task = asyncio.create_task(self._leave(sig, frame))

    async def _leave(self, sig: int, frame: FrameType | None) -> None:
        try:
            await self._drain()
        finally:
            super().handle_exit(sig, frame)


def config(
    app: Callable[..., object],
    *,
    host: str,
    port: int,
    frame_bytes: int,
    trusted_proxies: str,
) -> uvicorn.Config:
    """uvicorn as this product needs it: pings, bounded frames, no deflate, our own logs."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=HttpProtocol,
        ws=SocketProtocol,
        ws_max_size=frame_bytes,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=5,
    )
