"""Putting restored data in the place of the present one, so that a death in the middle leaves no mix.

What is to be moved is written down first. From then on the restore is decided: whoever takes the data folder
next finishes it. Before that nothing of the present data has been touched.
"""

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from api.backup.files import sync, write_whole
from api.backup.places import COMPANIONS
from api.backup.refusals import BackupRefused

JOURNAL = "restoring.json"


@dataclass(frozen=True, slots=True)
class Move:
    """`staged` comes into `place`, and what was there goes `aside`; without `staged` that is all.

    Paths are relative to the data folder, so that it may be mounted elsewhere meanwhile, or absolute.
    """

    staged: str | None
    place: str
    aside: str


def unfinished(folder: Path) -> bool:
    """Whether a restore into this data folder was decided but not finished."""
    return (folder / JOURNAL).exists()


def carry_out(folder: Path, moves: Sequence[Move], staging: Iterable[str]) -> None:
    """Decides on the moves and makes them. `staging` folders are taken away afterwards. Raises OSError."""
    plan = {"moves": [asdict(move) for move in moves], "staging": list(staging)}
    write_whole(folder / JOURNAL, json.dumps(plan))
    finish(folder)


def finish(folder: Path) -> bool:
    """Makes the moves that are decided and not made yet; False if there are none.

    The data folder's lock must be held. Raises OSError or BackupRefused.
    """
    journal = folder / JOURNAL
    if not journal.exists():
        return False
    plan = json.loads(journal.read_text())
    for fields in plan["moves"]:
        _make(folder, Move(**fields))
    journal.unlink()
    sync(folder)
    for each in plan["staging"]:
        shutil.rmtree(folder / each, ignore_errors=True)
    return True


def _make(folder: Path, move: Move) -> None:
    place, aside = folder / move.place, folder / move.aside
    if move.staged is None:
        _put_aside(place, aside)
        return
    staged = folder / move.staged
    if staged.exists():
        # As long as it is staged, what lies in its place is the old one, with all that belongs to it.
        for suffix in (*COMPANIONS, ""):
            _put_aside(Path(f"{place}{suffix}"), Path(f"{aside}{suffix}"))
        staged.rename(place)
        sync(place.parent)
    elif not place.exists():
        raise BackupRefused(
            f"the restore into {folder} cannot be finished, since {staged} is missing: move {JOURNAL} away "
            f"from there, put back what is in {aside.parent}, and restore again"
        )


def _put_aside(place: Path, aside: Path) -> None:
    if not os.path.lexists(place):
        return
    aside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while os.path.lexists(aside):  # something was made anew in the middle of an unfinished restore
        aside = aside.with_name(f"{aside.name}.again")
    place.rename(aside)
    sync(aside.parent)
    sync(place.parent)
