"""One process to a data folder, and to a database that lies elsewhere: locks that end with the process."""

import fcntl
import os
from pathlib import Path


class DataFolderInUseError(Exception):
    """Another process serves from this data folder, or from this database; the text is its path."""


class DataFolderLock:
    """Held from `take` until `release` or the end of the process, however it ends.

    `database`: a file that lies outside of the folder, and so may be named by the settings of two servers.
    `shared`: others who also share may hold it at the same time.
    """

    def __init__(self, folder: Path, database: Path | None = None, *, shared: bool = False) -> None:
        self.folder = folder
        self._how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._files = {folder: folder / "lock"}
        if database is not None and database.parent != folder:
            self._files[database] = database.with_name(f"{database.name}.lock")
        self._descriptors: list[int] = []

    def take(self) -> None:
        """Raises DataFolderInUseError if another process holds it, OSError if a folder cannot be used."""
        for place, file in self._files.items():
            try:
                self._descriptors.append(_taken(place, file, self._how))
            except BaseException:
                self.release()
                raise

    def release(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())


def _taken(place: Path, file: Path, how: int) -> int:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:  # a command run by the superuser must not lock a server's own user out
        owner = file.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise DataFolderInUseError(str(place)) from error
    return descriptor
