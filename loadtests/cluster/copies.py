"""A copy of an install, for a user who cannot reach the place where it lies: nobody may enter /root."""

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from loadtests.cluster.account import Account, temporary
from loadtests.cluster.errors import ClusterError

UNUSED = shutil.ignore_patterns("include", "*.a", "__pycache__")


def copied(install: Path, account: Account, name: str) -> Path:
    """The install again, below a folder for temporary files: once for all processes of this user.

    The folder of libraries beside the package comes along, since programs look for it by a relative path.
    Raises ClusterError if there is no place for it.
    """
    place = temporary(account) / name
    package = install.parent
    folders = [
        f"{package.name}/{install.name}",
        f"{package.name}/.dylibs",  # macOS
        f"{package.name}.libs",  # Linux
    ]
    if not _complete(package.parent, place, folders):
        with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=place.parent) as work:
            fresh = Path(work) / "fresh"
            for folder in folders:
                if (package.parent / folder).is_dir():
                    shutil.copytree(package.parent / folder, fresh / folder, ignore=UNUSED)
            _readable(fresh)
            if not _complete(package.parent, place, folders):  # else another process was first
                _put(fresh, place, Path(work) / "former")
    if not _complete(package.parent, place, folders):
        raise ClusterError(f"{place} lacks files, and cannot be replaced: remove it")
    return place / package.name / install.name


def _complete(source: Path, place: Path, folders: list[str]) -> bool:
    """Whether all files are there: systems clear old ones out of folders for temporary files."""
    try:
        found = place.lstat()
    except FileNotFoundError:
        return False
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
        raise ClusterError(f"{place} is somebody else's: remove it, or let TMPDIR name another folder")
    return all(_files(source / folder) <= _files(place / folder) for folder in folders)


def _files(folder: Path) -> set[Path]:
    """Those that are copied, relative to the folder."""
    found = set()
    for at, folders, files in os.walk(folder):
        unused = UNUSED(at, [*folders, *files])
        folders[:] = [name for name in folders if name not in unused]
        found |= {(Path(at) / name).relative_to(folder) for name in files if name not in unused}
    return found


def _readable(folder: Path) -> None:
    """For everybody, whatever the umask was."""
    for at, _, files in os.walk(folder):
        Path(at).chmod(0o755)
        for name in files:
            runs = os.access(Path(at) / name, os.X_OK)
            (Path(at) / name).chmod(0o755 if runs else 0o644)


def _put(fresh: Path, place: Path, former: Path) -> None:
    """By a rename, so that nobody finds half of a copy."""
    with suppress(OSError):  # another process did the same; what is there now is looked at once more
        if place.exists():
            place.rename(former)
        fresh.rename(place)
