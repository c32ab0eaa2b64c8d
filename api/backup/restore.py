"""Going back to a backup: all of it or nothing, with what was there before put aside."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from api.backup import journal
from api.backup.archive import Manifest, unpack
from api.backup.files import as_the_owner_of, sync_tree
from api.backup.places import DATABASE, INDEX, Places
from api.backup.refusals import BackupRefused, told
from api.database.copy import begin_anew, damage, opened
from api.database.lock import DataFolderInUseError, DataFolderLock
from api.database.migrate import NewerDatabaseError, require_known

STAGING = ".restoring"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and the folders in which the data lies that was there before."""

    manifest: Manifest
    aside: Sequence[Path]


def restore(places: Places, file: Path) -> Restored:
    """Puts a backup in the place of the present data.

    Raises BackupRefused. Killed at any moment, the next start has either the old data or the new.
    """
    if not file.is_file():
        raise BackupRefused(f"there is no file {file}: name one that `steadychat backup` wrote")
    with told(f"cannot restore {file}", places.folder), _locked(places):
        journal.finish(places.folder)
        folders = {each: each / STAGING for each in (places.folder, places.database.parent)}
        try:
            manifest, staged = _stage(places, file, folders)
        except BaseException:
            _clear_away(folders.values())
            raise
        moves = _moves(places, staged, f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
        _replace(places, moves, folders.values())
    asides = dict.fromkeys((places.folder / move.aside).parent for move in moves)
    return Restored(manifest, [each for each in asides if each.exists()])


def _replace(places: Places, moves: Sequence[journal.Move], staging: Iterable[Path]) -> None:
    halfway = "the restore has begun; repeat it, or start the server, to finish it, after this is repaired"
    with told(halfway, places.folder):
        journal.carry_out(places.folder, moves, [_told_from(places.folder, each) for each in staging])


def restored(places: Places) -> None:
    """The data was brought back by other means: its log begins a new epoch. Raises BackupRefused."""
    with told("cannot mark the data as restored", places.folder), _locked(places):
        journal.finish(places.folder)
        if not places.database.exists():
            raise BackupRefused(
                f"there is no data, since {places.database} does not exist: set STEADYCHAT_DATA_DIR"
            )
        begin_anew(places.database)


@contextmanager
def _locked(places: Places) -> Iterator[None]:
    lock = DataFolderLock(places.folder, places.database)
    try:
        lock.take()
    except DataFolderInUseError as error:
        raise BackupRefused(f"a server is running on {error}: stop it first") from error
    try:
        yield
    finally:
        lock.release()


def _stage(places: Places, file: Path, folders: Mapping[Path, Path]) -> tuple[Manifest, Mapping[str, Path]]:
    """Unpacks and checks everything, each thing on the disk on which it is to be."""
    _clear_away(folders.values())
    for each in folders.values():
        each.mkdir(mode=0o700, parents=True)
    root = folders[places.folder]
    manifest = unpack(file, root)
    _require_sound(file, root)
    staged = {name: root / name for name in places.named() if (root / name).exists()}
    if root != (beside := folders[places.database.parent]):
        staged[DATABASE] = Path(shutil.move(staged[DATABASE], beside / DATABASE))
    for each in folders.values():
        as_the_owner_of(places.folder, each)
        sync_tree(each)
    return manifest, staged


def _clear_away(folders: Iterable[Path]) -> None:
    for each in folders:
        shutil.rmtree(each, ignore_errors=True)


def _require_sound(file: Path, root: Path) -> None:
    if not (root / DATABASE).exists():
        raise BackupRefused(f"{file} holds no history: take another backup")
    for name in (DATABASE, INDEX):
        if (root / name).exists() and (found := damage(root / name)) is not None:
            raise BackupRefused(f"{file} is damaged ({name}: {found}): take another backup")
    try:
        with opened(root / DATABASE) as history, history.connect() as connection:
            known = require_known(connection)
    except NewerDatabaseError as error:
        raise BackupRefused(f"{file} was made by a newer Steadychat: restore it with that version") from error
    if known is None:
        raise BackupRefused(f"{file} holds no history: take another backup")
    begin_anew(root / DATABASE)


def _moves(places: Places, staged: Mapping[str, Path], aside: str) -> Sequence[journal.Move]:
    folder = places.folder
    return [
        journal.Move(
            _told_from(folder, staged[name]) if name in staged else None,
            _told_from(folder, place),
            _told_from(folder, place.parent / aside / place.name),
        )
        for name, place in places.named().items()
    ]


def _told_from(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
