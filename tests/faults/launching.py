"""Two ways to begin a server process: forked from a zygote, or plainly by its command."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.faults.zygote import Order, die_with_parent
from tests.house.serving import bare

ROOT = Path(__file__).parents[2]
BEGIN_S = 60
SINGLE_THREADED = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # so that a fork copies all there is


@dataclass(frozen=True)
class Process:
    """A server process, as it tells of itself; `exited` has its status, negative for a signal."""

    pid: int
    ready: "asyncio.Future[None]"
    exited: "asyncio.Future[int]"
    watch: "asyncio.Task[None]"

    def send(self, signal_: signal.Signals) -> None:
        if not self.exited.done():
            with suppress(ProcessLookupError):  # it has just died, and that is not yet known here
                os.kill(self.pid, signal_)


class Launcher(Protocol):
    async def launch(self, order: Order) -> Process: ...


class Zygote:
    """The handle of a zygote. It belongs to no event loop, so one serves all tests of a process."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    async def launch(self, order: Order) -> Process:
        mine, its = socket.socketpair()
        with its:
            socket.send_fds(self._control, [order.encoded()], [its.fileno()])
        reader, writer = await asyncio.open_connection(sock=mine)
        pid = json.loads(await reader.readline())["pid"]
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        exited: asyncio.Future[int] = loop.create_future()

        async def hear() -> None:
            while line := await reader.readline():
                _take(json.loads(line), ready, exited)
            writer.close()
            await writer.wait_closed()

        return Process(pid, ready, exited, asyncio.create_task(hear()))


def _take(fact: dict[str, Any], ready: "asyncio.Future[None]", exited: "asyncio.Future[int]") -> None:
    if "ready" in fact:
        ready.set_result(None)
    elif "exit" in fact:
        exited.set_result(fact["exit"])


@contextmanager
def zygote() -> Iterator[Zygote]:
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.zygote", str(its.fileno())],
        cwd=ROOT,
        env=bare() | SINGLE_THREADED,
        pass_fds=[its.fileno()],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    its.close()
    try:
        mine.settimeout(BEGIN_S)
        if mine.recv(16) != b"ready":
            raise AssertionError("the zygote did not begin; what it says stands above")
        yield Zygote(mine)
    finally:
        mine.close()  # its word to kill what it has begun, and to leave
        process.wait(BEGIN_S)


class Command:
    """`steadychat serve` as an operator begins it; nothing can be armed."""

    async def launch(self, order: Order) -> Process:
        with (Path(order.folder) / "server.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "api.main", "serve", "--port", str(order.port)),
                cwd=order.folder,
                env=bare() | {"PYTHONPATH": str(ROOT)} | order.environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        assert process.stdout is not None
        reader = process.stdout
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        exited: asyncio.Future[int] = loop.create_future()

        async def hear() -> None:
            while line := await reader.readline():
                if b"is ready" in line:
                    ready.set_result(None)
            exited.set_result(await process.wait())

        return Process(process.pid, ready, exited, asyncio.create_task(hear()))
