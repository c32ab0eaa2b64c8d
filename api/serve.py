"""Runs the app under uvicorn, and lets running answers end before it leaves."""

import asyncio
import gc
import os
import resource
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from api.protocols import HttpProtocol, SocketProtocol

PING_S = 20.0
FAREWELL_S = 2.0
LOOK_S = 0.02
LAST_S = 1.0
TURN_S = 0.0005
COLLECT_AFTER = (10_000, 5, 10_000)
"""New objects, young collections, and middle ones, until the next generation is looked through."""
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


def share_the_interpreter() -> None:
    """Threads get their turns soon, however busy the others are.

    Each statement of the writer's gives the interpreter up and asks for it again, which takes 5 ms by default
    wherever others have work. In a crowd that comes back that added up to a second without a commit.
    """
    sys.setswitchinterval(TURN_S)


def spare_the_collector() -> None:
    """Once everything is made that stays: it is not looked through again, and the rest of what is old seldom.

    With a thousand connections each full collection held everybody up for up to 0.4 s, again and again while
    they came back.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def nothing() -> None:
    """Nobody has to know."""


def leave_behind() -> None:
    """From now on the process ends soon, whatever a chain has left in a thread or a task."""
    last = threading.Timer(LAST_S, os._exit, [0])
    last.daemon = True
    last.start()


class DrainingServer(uvicorn.Server):
    """The first signal lets answers end before it leaves; the second ends the process at once.

    uvicorn itself would close every socket before it waits for anything, so its shutdown comes last. It would
    also raise the signal again after that. Here the status of an orderly end is 0, and of an end by a second
    signal 128 more than its number, as of a process that the signal has killed.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        drain: Callable[[], Awaitable[None]],
        ready: Callable[[], None],
        left: Callable[[], None] = nothing,
    ) -> None:
        """`drain` ends the answers and lets connections go; `left` is called when all is laid down."""
        super().__init__(config)
        self._drain = drain
        self._ready = ready
        self._left = left
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leaving = False
        self._task: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started and not self._leaving:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Called by the interpreter between two instructions, so it only leaves word in the loop."""
        if self._leaving:
            os._exit(128 + sig)  # what was committed is kept, and the next start ends what is open
        self._leaving = True
        if self._loop is None or not self.started:
            self.should_exit = True
        else:
            self._loop.call_soon_threadsafe(self._begin_to_leave)

    def _begin_to_leave(self) -> None:
        self._task = asyncio.create_task(self._leave())

    async def _leave(self) -> None:
        try:
            await self._drain()
            await self._say_farewell()
        finally:
            self.should_exit = True

    async def _say_farewell(self) -> None:
        """What connections are still to be told goes out, as far as they take it soon; the rest is cut."""
        for _ in range(round(FAREWELL_S / LOOK_S)):
            if not self.server_state.tasks and not self._unsent():
                break
            await asyncio.sleep(LOOK_S)
        for transport in self._unsent():
            transport.abort()

    def _unsent(self) -> list[asyncio.Transport]:
        transports = [connection.transport for connection in self.server_state.connections]
        return [transport for transport in transports if transport and transport.get_write_buffer_size()]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        self._left()


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
