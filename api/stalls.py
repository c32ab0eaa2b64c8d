"""Noticing that a peer has ceased to take what is written to it, and how much may wait for it meanwhile."""

import asyncio
import socket
from collections.abc import Callable

LOOK_S = 1.0
UNSENT_BYTES = 64 * 1024


def limit_waiting(transport: asyncio.Transport) -> None:
    """From now on writing is paused while anything at all waits here, and little waits in the kernel."""
    transport.set_write_buffer_limits(high=0)
    limit_unsent(transport, UNSENT_BYTES)


def limit_unsent(transport: asyncio.Transport, most: int) -> None:
    """Unlike SO_SNDBUF it leaves alone what is under way: a distant peer is served as fast as ever."""
    connected = transport.get_extra_info("socket")
    if hasattr(socket, "TCP_NOTSENT_LOWAT") and connected.family in {socket.AF_INET, socket.AF_INET6}:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, most)


def limit_unheard(transport: asyncio.Transport, seconds: float) -> None:
    """Of itself Linux goes on for a quarter of an hour where the network has vanished; 0 is its own limit."""
    connected = transport.get_extra_info("socket")
    if hasattr(socket, "TCP_USER_TIMEOUT") and connected.family in {socket.AF_INET, socket.AF_INET6}:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


class Watch:
    """Looks after a transport while bytes wait in it; `stalled` is called when they have ceased to leave."""

    def __init__(
        self, transport: asyncio.Transport, stalled: Callable[[], None], patience: Callable[[], float]
    ) -> None:
        self._transport = transport
        self._stalled = stalled
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0
        self._moved = 0.0

    @property
    def watching(self) -> bool:
        return self._timer is not None

    def begin(self) -> None:
        self.end()
        self._left = self._transport.get_write_buffer_size()
        self._moved = self._loop.time()
        self._timer = self._loop.call_later(LOOK_S, self._look)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def retire(self) -> None:
        """Lets go of whoever has made it, who holds it."""
        self.end()
        del self._stalled, self._patience

    def _look(self) -> None:
        self._timer = None
        before, self._left = self._left, self._transport.get_write_buffer_size()
        if not self._left:
            return
        if self._left < before:
            self._moved = self._loop.time()
        if self._loop.time() - self._moved < self._patience():
            self._timer = self._loop.call_later(LOOK_S, self._look)
        else:
            self._stalled()
