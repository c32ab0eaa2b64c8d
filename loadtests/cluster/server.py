"""What all real servers have in common: a process on a port, started, ended and frozen at will."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from loadtests.cluster import tree
from loadtests.cluster.account import Options
from loadtests.cluster.errors import ClusterError, NoBinary, NotStarted
from loadtests.cluster.polling import until
from loadtests.cluster.ports import HeldPort
from loadtests.cluster.process import Process

START_S = 60.0
END_S = 20.0
TRIES = 5
TAKEN = "Address already in use"
"""What servers write to their logs, in the words of the system."""


class Server(ABC):
    """A real server on the loopback address, which ends with its owner whatever becomes of that.

    `folder` gets its data and its log. A port that is not given is a free one, and stays the same until
    `close`, also while the server is down. As a context manager it is started, and closed at the end.
    """

    name: ClassVar[str]
    package: ClassVar[str]
    """The Python package that its binary comes with, or else what it comes with."""
    leave: ClassVar[int]
    """The signal that asks it to end in order."""
    leaves_s: float = END_S
    """What it may take for that, before it is killed."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.log = self.folder / f"{self.name.lower()}.log"
        self._held = None if port else HeldPort()
        self._given = port
        self._process: Process | None = None

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self.close)
            self.start()
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        return self._held.number if self._held is not None else self._given

    @property
    def pid(self) -> int:
        """Of the process that accepts connections."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    def start(self) -> None:
        """Returns when it answers. Raises NoBinary or NotStarted."""
        if self.alive:
            raise RuntimeError(f"{self.name} runs already")
        self.kill()  # what is left of one that has ended by itself
        for _ in range(TRIES - 1):
            try:
                self._try()
            except NotStarted as failure:
                if self._held is None or TAKEN not in failure.said:
                    raise
                self._held.close()
                self._held = HeldPort()
            else:
                return
        self._try()

    def dismiss(self) -> None:
        """Asks it to leave, and does not wait until it has: `stop` does. No harm if it does not run."""
        if self._process is not None and self._process.alive:
            self._process.ask(self.leave)

    def stop(self) -> None:
        """In order; one that has not ended in time is killed. No harm if it does not run."""
        if self._process is not None:
            self._process.end(self.leave, self.leaves_s)
            self._process = None

    def kill(self) -> None:
        """`kill -9` of all its processes at once, also of frozen ones. No harm if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """All its processes stand still: connections stay open, and nothing comes."""
        tree.freeze(self.pid)

    def thaw(self) -> None:
        tree.thaw(self.pid)

    def close(self) -> None:
        """Stops it, and gives the port back."""
        self.stop()
        if self._held is not None:
            self._held.close()

    def _try(self) -> None:
        command, options = self._prepare()
        before = self.log.stat().st_size if self.log.exists() else 0
        with ExitStack() as undo:
            undo.callback(self.kill)
            try:
                self._process = process = Process(command, self.log, options)
            except OSError as error:
                raise self._missing(f"{command[0]} does not run ({error})") from error
            answers = until(lambda: not process.alive or self._answers(), START_S)
            if answers and process.alive:
                undo.pop_all()
                return
            why = (
                f"no answer in {START_S:.0f} s" if process.alive else f"it ended with status {process.status}"
            )
            raise NotStarted(self.name, why, self.log.read_bytes()[before:].decode(errors="replace"))

    def _missing(self, why: str) -> ClusterError:
        """What to raise where there is no program to start."""
        return NoBinary(self.name, self.package, why)

    @abstractmethod
    def _prepare(self) -> tuple[Sequence[str | Path], Options]:
        """The command, and what to run it as; what it needs is made if it is not there."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether this process, and not another's on the same port, answers."""
