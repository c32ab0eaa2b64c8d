"""A server under test, alone on a core, and what it takes of the machine."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket

import httpx
import psutil

from loadtests.bench.peers import ROOT, Peer, clean_environment

START_S = 60.0
LOOK_S = 0.01
SERVER_CORE, LOAD_CORE = 0, 1


class NotStarted(RuntimeError):
    """The server did not come up; the message has the end of what it said."""


class Server:
    """The process of a peer with all its children."""

    def __init__(self, peer: Peer, port: int, process: psutil.Process) -> None:
        self.peer = peer
        self.port = port
        self._process = process

    @property
    def processes(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU since it started, in user and kernel mode."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)

    @property
    def resident(self) -> int:
        """Bytes."""
        return sum(process.memory_info().rss for process in self.processes)


@contextmanager
def serving(peer: Peer, *, core: int | None = SERVER_CORE) -> Iterator[Server]:
    """The peer on a free port, with a folder of its own that is gone afterwards. Raises NotStarted."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        words = {"port": str(port), "folder": folder}
        said = Path(folder) / "said.txt"
        with said.open("wb") as output:
            process = subprocess.Popen(
                [each.format(**words) for each in peer.command],
                cwd=ROOT,
                env=clean_environment()
                | {key: each.format(**words) for key, each in peer.environment.items()},
                stdout=output,
                stderr=output,
                preexec_fn=None if core is None else lambda: pin(core),  # noqa: PLW1509 - no threads yet
                start_new_session=True,
            )
        server = Server(peer, port, psutil.Process(process.pid))
        try:
            _until_ready(server, process, said)
            yield server
        finally:
            _end(server, process)


def pin(core: int) -> None:
    """Run on one core from now on, if the machine has it and allows that."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


def _until_ready(server: Server, process: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + START_S
    with httpx.Client(trust_env=False, timeout=5) as client:
        while True:
            with suppress(httpx.HTTPError):
                if (
                    client.get(f"http://127.0.0.1:{server.port}{server.peer.ready}").status_code
                    == httpx.codes.OK
                ):
                    break
            if process.poll() is not None or time.monotonic() > until:
                raise NotStarted(f"{server.peer.name}: {said.read_text()[-1500:]}")
            time.sleep(LOOK_S)
    time.sleep(server.peer.settle_s)


def _end(server: Server, process: subprocess.Popen[bytes]) -> None:
    with suppress(psutil.NoSuchProcess):
        children = server.processes[1:]
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
