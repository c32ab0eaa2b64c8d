"""The server under load: a process of its own, on one port however often it is started."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
READY_S, LEAVE_S, LOOK_S = 60, 60, 0.05
BELOW_EPHEMERAL = range(20_000, 32_000)
SETTINGS = {
    "STEADYCHAT_CHAINS": "scripted=chains.scripted:build",
    "STEADYCHAT_LIMIT_MESSAGES_PER_MINUTE": "0",
    "STEADYCHAT_LIMIT_SOCKETS_PER_USER": "0",
    "STEADYCHAT_LIMIT_SOCKETS_PER_ADDRESS": "0",
    "STEADYCHAT_LIMIT_GENERATIONS_PER_USER": "0",
}


class ServerFailed(Exception):
    """The server did not start, or not leave; its log says why."""


class Server:
    """`folder` gets its data, its log and the record of its chain."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.record = folder / "record.jsonl"
        self.database = folder / "steadychat.db"
        self.port = _free_port()
        self._settings = {**SETTINGS, **settings}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Return when it is ready. Raises `ServerFailed`."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "api.main", "serve", "--host", "127.0.0.1", "--port", str(self.port)),
                cwd=ROOT,
                env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the owner alone
            )
        try:
            async with asyncio.timeout(READY_S), httpx.AsyncClient(trust_env=False) as client:
                while not await self._is_ready(client):  # noqa: ASYNC110 - another process's
                    await asyncio.sleep(LOOK_S)
        except TimeoutError as error:
            raise ServerFailed(f"it was not ready after {READY_S} s; see {self.folder}") from error

    async def end(self, *, kill: bool = False) -> None:
        """Ask it to leave, or `kill -9`, and wait until it has gone."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            async with asyncio.timeout(LEAVE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise ServerFailed(f"it had not left after {LEAVE_S} s") from None

    async def restart(self, *, kill: bool) -> None:
        await self.end(kill=kill)
        await self.start()

    def _environment(self) -> dict[str, str]:
        """Without settings of the person's own."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith("STEADYCHAT_")}
        own = {"STEADYCHAT_DATA_DIR": str(self.folder), "STEADYCHAT_SCRIPTED_RECORD": str(self.record)}
        return bare | own | self._settings

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        if self._process is None or self._process.returncode is not None:
            raise ServerFailed(f"it ended before it was ready; see {self.folder}")
        try:
            return (await client.get(f"{self.url}/readyz")).is_success
        except httpx.TransportError:
            return False  # it does not listen yet


def _free_port() -> int:
    """A port below those that the kernel gives to connections: nobody takes it while the server is down."""
    for port in random.SystemRandom().sample(BELOW_EPHEMERAL, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailed("there is no free port")
