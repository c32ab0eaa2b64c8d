"""Ends a server whose owner is gone, even if that was killed: `python -m loadtests.cluster.watcher OWNER`.

It leads a process group that the server is born into. So it knows the server whenever the owner dies, also
before anything could be said about it. Linux could send a signal by itself (PR_SET_PDEATHSIG), but forgets
that when the user changes, and goes by the thread that has started the server, not by the process.
"""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from loadtests.cluster import tree
from loadtests.cluster.errors import ClusterError

ROOT = Path(__file__).parents[2]
LOOK_S = 0.5


class Watcher:
    """The process that watches, from its owner's side."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(os.getpid())],
            cwd=ROOT,
            stdin=subprocess.PIPE,  # is at its end when the owner is
            stdout=subprocess.PIPE,
            process_group=0,
        )

    def ready(self) -> None:
        """Returns when it watches, which takes as long as Python takes to start. Raises ClusterError."""
        assert self._process.stdout is not None  # noqa: S101 - for mypy: a pipe
        if not self._process.stdout.readline():
            raise ClusterError("the watcher ended before it was ready; it has said why on standard error")

    @property
    def group(self) -> int:
        """The process group that a server must be started in."""
        return self._process.pid

    def close(self) -> None:
        """Only when the server has ended."""
        self._process.kill()
        self._process.communicate()


def watch(owner: int) -> None:
    """Returns when the owner is gone and the servers are killed.

    A process that the owner has forked may hold the pipe open, so the parent's number is looked at as well.
    """
    # An owner's death orphans the group, and the system tells SIGHUP to a group of which one stands still.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    print("ready", flush=True)
    while os.getppid() == owner and not select.select([sys.stdin], [], [], LOOK_S)[0]:
        pass
    for pid in _of_this_group():
        tree.kill(pid)


def _of_this_group() -> list[int]:
    """All but this process itself. What a server has begun may have gone into groups of its own."""
    mine = os.getpgrp()
    return [pid for pid in psutil.pids() if pid != os.getpid() and _group(pid) == mine]


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


if __name__ == "__main__":
    watch(int(sys.argv[1]))
