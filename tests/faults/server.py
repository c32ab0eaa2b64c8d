"""A server process that a test starts, kills and starts again: same folder, same port, at any time."""

import asyncio
import random
import signal
import socket
import ssl
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from api.core.points import Point
from chains.scripted import RECORD
from tests.faults.board import Board
from tests.faults.launching import Launcher, Process
from tests.faults.zygote import Order

READY_S = 60
LEAVE_S = 60
BELOW_EPHEMERAL = range(20_000, 32_000)
UNLIMITED = {
    "limit_messages_per_minute": 0,
    "limit_sockets_per_user": 0,
    "limit_sockets_per_address": 0,
    "limit_generations_per_user": 0,
}


class DiedError(Exception):
    """The server ended before it was ready."""


class Server:
    """Serves the scripted chain from `folder`; `settings` are those of the server, by their names."""

    def __init__(self, launcher: Launcher, folder: Path, **settings: Any) -> None:  # Any: each has its type
        folder.mkdir(parents=True, exist_ok=True)
        self._launcher = launcher
        self._reserved = reserve_port()
        self._settings = {"chains": "scripted=chains.scripted:build", **UNLIMITED, **settings}
        self.folder = folder
        self.port = int(self._reserved.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}/ws/chat"
        self.board = Board(folder / "board")
        self.database = folder / "steadychat.db"
        self.record = folder / "record.jsonl"
        self.starts = 0
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.kill()
        if self._process is not None:
            await self._process.watch
        self._reserved.close()
        self.board.close()

    @property
    def process(self) -> Process:
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and not self._process.exited.done()

    def environment(self) -> dict[str, str]:
        given = {f"STEADYCHAT_{name.upper()}": str(value) for name, value in self._settings.items()}
        return given | {"STEADYCHAT_DATA_DIR": str(self.folder), RECORD: str(self.record)}

    async def begin(self) -> Process:
        """Starts the process and does not wait for it: it may be armed to die before it is ready."""
        if self.alive:
            raise RuntimeError("the server runs already")
        if self._process is not None:
            await self._process.watch
        self.starts += 1
        self._process = await self._launcher.launch(Order(str(self.folder), self.port, self.environment()))
        return self._process

    async def start(self, point: Point | None = None, nth: int = 1) -> None:
        """Returns when it is ready. With a `point` it dies there, at the `nth` time that it is reached.

        Raises DiedError if it ends before it is ready.
        """
        if point is None:
            self.board.disarm()
        else:
            self.board.arm(point, nth)
        process = await self.begin()
        either: set[asyncio.Future[Any]] = {process.ready, process.exited}
        async with asyncio.timeout(READY_S):
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if process.exited.done():
            raise DiedError(f"status {process.exited.result()}: {self.said()}")

    async def kill(self) -> None:
        """`kill -9`, and waits for the end."""
        if self.alive:
            self.process.send(signal.SIGKILL)
            await self.wait()

    async def term(self) -> int:
        """Asks it to leave, and waits until it has."""
        self.process.send(signal.SIGTERM)
        return await self.wait()

    def stop(self) -> None:
        """Freezes it: its connections stay, and nothing moves."""
        self.process.send(signal.SIGSTOP)

    def cont(self) -> None:
        self.process.send(signal.SIGCONT)

    async def wait(self) -> int:
        """Its exit status, once it has ended; negative for a signal."""
        async with asyncio.timeout(LEAVE_S):
            return await asyncio.shield(self.process.exited)

    def client(self, **options: Any) -> httpx.AsyncClient:  # Any: httpx's own
        return httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False, verify=no_tls(), **options)

    def said(self) -> str:
        """The end of its log."""
        file = self.folder / "server.log"
        return file.read_text(errors="replace")[-2000:] if file.exists() else ""

    def descriptors(self) -> int:
        return _entries(f"/proc/{self.pid}/fd")

    def threads(self) -> int:
        return _entries(f"/proc/{self.pid}/task")


@cache
def no_tls() -> ssl.SSLContext:
    """Nothing here speaks TLS, but httpx would load all certificates for each client."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def reserve_port() -> socket.socket:
    """A bound socket that never listens: the port stays ours while the server is down.

    Below the ports that the kernel gives to connections, so that none of those takes it, and nobody who
    connects while the server is down is connected to itself.
    """
    for port in random.SystemRandom().sample(BELOW_EPHEMERAL, 200):
        held = socket.socket()
        try:
            held.bind(("127.0.0.1", port))  # without SO_REUSEADDR: whoever holds the port keeps it
        except OSError:
            held.close()
            continue
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the server may share it from here on
        return held
    raise AssertionError("no free port")
