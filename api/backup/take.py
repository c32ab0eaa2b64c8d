"""Making a backup beside a server that goes on working."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from api.backup.archive import Manifest, listed, unpack, write_archive
from api.backup.files import sync
from api.backup.journal import unfinished
from api.backup.places import DATABASE, INDEX, SECRET, UPLOADS, Places
from api.backup.refusals import BackupRefused, told
from api.database.copy import begin_anew, copy_database, damage
from api.database.lock import DataFolderInUseError, DataFolderLock
from api.documents.uploads import DRAFT, RAW, STATE

STAGING = ".steadychat-backup-"


def back_up(places: Places, target: Path, *, version: str, overwrite: bool = False) -> Manifest:
    """Writes a whole and verified backup to `target`, or leaves everything as it was.

    Raises BackupRefused.
    """
    _refuse_unless_usable(places, target, overwrite=overwrite)
    with told(f"cannot back up to {target}", target.parent):
        _clear_away(target.parent)
        with _staging(target.parent) as draft:
            content, archive = draft / "content", draft / "archive.tar"
            content.mkdir()
            _collect(places, content)
            made_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            write_archive(archive, content, Manifest(version, made_at, listed(content)))
            sync(archive)
            manifest = unpack(archive)
            if not overwrite and target.exists():
                raise _taken(target)
            archive.replace(target)
        sync(target.parent)
    return manifest


def _refuse_unless_usable(places: Places, target: Path, *, overwrite: bool) -> None:
    _refuse_unless_data(places)
    if target.is_dir():
        raise BackupRefused(f"{target} is a folder: name a file in it, such as {target / 'steadychat.tar'}")
    if not target.parent.is_dir():
        raise BackupRefused(f"there is no folder {target.parent}: make it first, or name another file")
    own = {each.resolve() for each in places.named().values()}
    if own & {target.resolve(), *target.resolve().parents}:
        raise BackupRefused(f"{target} is part of the data itself: name another file")
    if target.exists() and not overwrite:
        raise _taken(target)


def _refuse_unless_data(places: Places) -> None:
    if unfinished(places.folder):
        raise BackupRefused(
            f"a restore into {places.folder} was not finished: start the server, which finishes it, "
            "and back up then"
        )
    if not places.database.exists():
        raise BackupRefused(
            f"there is nothing to back up, since {places.database} does not exist: run this in the folder "
            "that the server runs in, or set STEADYCHAT_DATA_DIR as it does"
        )


def _taken(target: Path) -> BackupRefused:
    return BackupRefused(f"{target} exists: name another file, or say --overwrite to replace it")


def _collect(places: Places, content: Path) -> None:
    """Uploads come before the index: what is indexed meanwhile is in both, and then indexed once more."""
    before = _identity(places.database)
    _copy_history(places.database, content / DATABASE)
    if places.uploads.is_dir():
        _copy_uploads(places.uploads, content / UPLOADS)
    if places.index.exists():
        copy_database(places.index, content / INDEX)
        _require_whole(content / INDEX)
    with suppress(FileNotFoundError):
        shutil.copyfile(places.secret, content / SECRET)
    if unfinished(places.folder) or before != _identity(places.database):
        raise BackupRefused("the data was replaced while it was copied: back up again")


def _copy_history(database: Path, target: Path) -> None:
    copy_database(database, target)
    _require_whole(target)
    begin_anew(target)  # also for whoever unpacks it by hand


def _require_whole(copy: Path) -> None:
    if (found := damage(copy)) is not None:
        raise BackupRefused(
            f"{copy.name} is damaged ({found}): go back to an older backup, and keep the old ones"
        )


def _identity(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_dev, status.st_ino


def _copy_uploads(uploads: Path, target: Path) -> None:
    for each in sorted(uploads.iterdir()):
        if each.name.startswith(DRAFT):
            continue
        copy = target / each.name
        copy.mkdir(parents=True)
        try:
            for name in (RAW, STATE):
                shutil.copyfile(each / name, copy / name)
        except FileNotFoundError:  # indexed or deleted meanwhile
            shutil.rmtree(copy)


@contextmanager
def _staging(parent: Path) -> Iterator[Path]:
    """A folder that only its owner can enter, on the same disk, so that a rename makes the backup."""
    draft = Path(tempfile.mkdtemp(prefix=STAGING, dir=parent))
    lock = DataFolderLock(draft)
    try:
        lock.take()
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        lock.release()


def _clear_away(parent: Path) -> None:
    """Takes away what backups have left here that were killed: nobody holds their lock any more."""
    for each in parent.glob(f"{STAGING}*"):
        lock = DataFolderLock(each)
        with suppress(DataFolderInUseError, OSError), ExitStack() as stack:
            lock.take()
            stack.callback(lock.release)
            shutil.rmtree(each)
