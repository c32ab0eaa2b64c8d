"""Imports everything once and forks a server for each order: `python -m tests.faults.zygote FD`.

A start costs a fifth of a second instead of some, and a `kill -9` is the real death of a real process.
Nothing outlives the test: at the end of the control socket all children are killed, and with the zygote
they die by themselves.
"""

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import api.main
from api import logs, serve
from api.settings import Settings
from tests.faults.board import Board

_PR_SET_PDEATHSIG = 1
_MOST = 1 << 20


@dataclass(frozen=True)
class Order:
    """What a server is to be started with; `environment` holds its settings by their full names."""

    folder: str
    port: int
    environment: dict[str, str]

    def encoded(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def die_with_parent() -> None:
    """The kernel kills this process when the thread that began it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def tell(report: socket.socket, **fact: Any) -> None:  # Any: JSON
    with suppress(OSError):  # nobody waits for it any more
        report.sendall(json.dumps(fact).encode() + b"\n")


class Zygote:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, tuple[int, socket.socket]] = {}

    def run(self) -> None:
        self._selector.register(self._control, selectors.EVENT_READ)
        self._control.send(b"ready")
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.fileobj is not self._control:
                        self._bury(key.fd)
                    elif not self._obey():
                        return
        finally:
            for pid, _ in self._children.values():
                os.kill(pid, signal.SIGKILL)

    def _obey(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, _MOST, 1)
        if not message:
            return False
        report = socket.socket(fileno=descriptors[0])
        pid = os.fork()
        if not pid:
            _be_a_server(Order(**json.loads(message)), report)
        descriptor = os.pidfd_open(pid)
        self._children[descriptor] = pid, report
        self._selector.register(descriptor, selectors.EVENT_READ)
        tell(report, pid=pid)
        return True

    def _bury(self, descriptor: int) -> None:
        pid, report = self._children.pop(descriptor)
        self._selector.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        tell(report, exit=os.waitstatus_to_exitcode(status))
        report.close()


def _be_a_server(order: Order, report: socket.socket) -> None:
    """Never returns. What the zygote had open is closed, so that the descriptors are the server's own."""
    status = 70
    try:
        die_with_parent()
        os.setsid()
        report = _alone_with(report)
        _speak_into(Path(order.folder) / "server.log")
        os.environ.update(order.environment)
        os.chdir(order.folder)
        logs.configure()
        board = Board(Path(order.folder) / "board")
        settings: dict[str, Any] = {"data_dir": Path(order.folder)}  # the others are in the environment
        with serve.listen("127.0.0.1", order.port) as listening:
            api.main.run(Settings(**settings), listening, lambda: tell(report, ready=True), board.reach)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the place where a process ends; its log tells why
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _alone_with(report: socket.socket) -> socket.socket:
    keep = report.fileno()
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)
    return report


def _speak_into(file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    gc.freeze()  # what all children share is left alone by their collectors
    Zygote(socket.socket(fileno=int(sys.argv[1]))).run()
