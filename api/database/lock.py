"""One process to a data folder: a lock that ends with the process."""

import fcntl
import os
from pathlib import Path


class DataFolderInUseError(Exception):
    """Another process serves from this data folder."""


class DataFolderLock:
    """Held from `take` until `release` or the end of the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises DataFolderInUseError if another process holds it, OSError if the folder cannot be used."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:  # a command run by the superuser must not lock a server's own user out
            owner = self._file.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise DataFolderInUseError(str(self._file.parent)) from error
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
