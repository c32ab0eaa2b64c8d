"""A server's process, which never outlives its owner."""

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from loadtests.cluster import tree
from loadtests.cluster.account import Account
from loadtests.cluster.watcher import Watcher


class Process:
    """Started at once, as the account; what it says is appended to `log`. Raises OSError if it cannot be."""

    def __init__(self, command: Sequence[str | Path], log: Path, account: Account) -> None:
        self._watcher = Watcher()
        try:
            with log.open("ab") as said:
                self._process = subprocess.Popen(
                    command,
                    **account.options,
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

    def end(self, signal: int, within_s: float) -> None:
        """Asks it to leave; kills it if it does not in time."""
        tree.thaw(self.pid)
        self._process.send_signal(signal)
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
