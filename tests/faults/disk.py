"""A disk that can be filled and freed under a running process: a real one where that may be mounted.

Elsewhere the process may write no more, which to SQLite looks like a disk that fails, not like a full one.
"""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

BLOCK = 4096


class SmallDisk(Protocol):
    @property
    def real(self) -> bool:
        """Whether it is a disk, which can be full."""

    @property
    def folder(self) -> Path:
        """What lies in it lies on the disk."""

    def fill(self, pid: int) -> None:
        """From now on this process can write nothing new."""

    def free(self, pid: int) -> None:
        """There is room again."""


@contextmanager
def small_disk(megabytes: int, folder: Path) -> Iterator[SmallDisk]:
    """A disk of this size at `folder`, which is made; with the folder go its contents."""
    folder.mkdir(parents=True)
    if not _mounted(folder, megabytes):
        yield Forbidden(folder)
        return
    try:
        yield Tmpfs(folder)
    finally:
        # What is still open there must not keep it: it goes with the last who leaves.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mounted(folder: Path, megabytes: int) -> bool:
    if os.geteuid() != 0:
        return False
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "steadychat-test", str(folder)]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0  # containers may forbid it


@dataclass(frozen=True)
class Tmpfs:
    """A file system in memory. A ballast takes all the room that is left."""

    folder: Path
    real: bool = True

    def fill(self, pid: int) -> None:
        with self._ballast.open("ab", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(BLOCK))

    def free(self, pid: int) -> None:
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@dataclass(frozen=True)
class Forbidden:
    """A folder on the common disk. The kernel forbids the process to write to any file."""

    folder: Path
    real: bool = False

    def fill(self, pid: int) -> None:
        _limit(pid, 0)

    def free(self, pid: int) -> None:
        _limit(pid, resource.RLIM_INFINITY)


def _limit(pid: int, limit: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    soft = hard if limit == resource.RLIM_INFINITY else limit
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
