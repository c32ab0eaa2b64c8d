"""A server's process, which never outlives its owner."""

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from loadtests.cluster import tree
from loadtests.cluster.account import Options
from loadtests.cluster.watcher import Watcher


class Process:
    """Started at once; what it says is appended to `log`. Raises OSError if it cannot be."""

    def __init__(self, command: Sequence[str | Path], log: Path, options: Options) -> None:
        self._asked = False
        self._watcher = Watcher()
        try:
            with log.open("ab") as said:
                self._process = subprocess.Popen(
                    command,
                    **options,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    process_group=self._watcher.group,
                )
        except OSError:
            self._watcher.close()
            raise
        with ExitStack() as undo:
            undo.callback(self.kill)
            self._watcher.ready()
            undo.pop_all()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def status(self) -> int | None:
        """What it ended with: -9 for SIGKILL."""
        return self._process.poll()

    def ask(self, signal: int) -> None:
        """Asks it to leave, once: to some a second signal means at once."""
        tree.thaw(self.pid)
        if not self._asked:
            self._asked = True
            self._process.send_signal(signal)

    def end(self, signal: int, within_s: float) -> None:
        """Waits until it has left, as it is asked to; kills it if it has not in time."""
        self.ask(signal)
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()

    def kill(self) -> None:
        """Kills and reaps it, with all that are below it; no harm if it has ended."""
        try:
            if self.alive:
                tree.kill(self.pid)
            self._process.wait()
        finally:
            self._watcher.close()
