"""A server under test, alone on a core, and what it takes of the machine."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket

import httpx
import psutil

from loadtests.bench.peers import ROOT, Peer, clean_environment

START_S = 60.0
LOOK_S = 0.01
END_S = 10.0
SERVER_CORE, LOAD_CORE = 0, 1
FOLDERS = ROOT / "var" / "bench" / "folders"
"""Under the project, since a folder for temporary files may be memory, and a log in memory is not durable."""


class NotStarted(RuntimeError):
    """The server did not come up; the message has the end of what it said."""


@dataclass
class Server:
    """The process of a peer with all its children; `ready_s` is what it took from the command to ready."""

    peer: Peer
    port: int
    folder: Path
    process: "subprocess.Popen[bytes]"
    ready_s: float = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def processes(self) -> list[psutil.Process]:
        """Raises psutil.NoSuchProcess if it has ended."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU since it started, in user and kernel mode."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)

    @property
    def resident(self) -> int:
        """Bytes."""
        return sum(process.memory_info().rss for process in self.processes)


@contextmanager
def serving(peer: Peer, core: int | None = SERVER_CORE) -> Iterator[Server]:
    """The peer on a free port, with a folder of its own that is gone afterwards. Raises NotStarted."""
    FOLDERS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDERS, ignore_cleanup_errors=True) as name:
        began = time.perf_counter()
        server = _started(peer, Path(name), core)
        try:
            _until_ready(server)
            server.ready_s = time.perf_counter() - began
            yield server
        finally:
            _end(server)


def _started(peer: Peer, folder: Path, core: int | None) -> Server:
    port = _free_port()

    def filled(words: str) -> str:
        return words.format(port=port, folder=folder)

    with (folder / "said.txt").open("wb") as said:
        try:
            process = subprocess.Popen(
                [filled(each) for each in peer.command],
                cwd=folder,
                env=clean_environment() | {key: filled(each) for key, each in peer.environment.items()},
                stdout=said,
                stderr=said,
                preexec_fn=None if core is None else lambda: pin(core),  # noqa: PLW1509 - no threads yet
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise NotStarted(f"{peer.name}: {error}") from error
    return Server(peer, port, folder, process)


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pin(core: int) -> None:
    """Run on one core from now on, if the machine allows that, whatever core this process is on so far."""
    if hasattr(os, "sched_setaffinity"):
        with suppress(OSError):  # there is no such core, or it is not for us
            os.sched_setaffinity(0, {core})


def _until_ready(server: Server) -> None:
    until = time.monotonic() + START_S
    with httpx.Client(base_url=server.url, trust_env=False, timeout=5) as client:
        while not _is_ready(client, server.peer.ready):
            if server.process.poll() is not None or time.monotonic() > until:
                said = (server.folder / "said.txt").read_text(errors="replace")
                raise NotStarted(f"{server.peer.name}: {said[-1500:]}")
            time.sleep(LOOK_S)


def _is_ready(client: httpx.Client, path: str) -> bool:
    with suppress(httpx.TransportError):
        return client.get(path).is_success
    return False


def _end(server: Server) -> None:
    with suppress(psutil.NoSuchProcess):
        children = server.processes[1:]
        server.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.process.wait(END_S)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    server.process.kill()
    server.process.wait()
