"""Kills a restore before each of its changes of the disk.

`python -m tests.support.dying_restores DATA BACKUP TRY`: after each death the folder is taken as a start
takes it. Prints what it then holds: "new" (the present data), "old" (the backup's), or what is there instead.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from api.backup import journal
from api.backup.places import Places
from api.backup.restore import restore
from tests.support.datafolders import places_in, words

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"}


def main(data: Path, backup: Path, attempt: Path) -> None:
    number = 0
    while True:
        shutil.rmtree(attempt, ignore_errors=True)
        shutil.copytree(data, attempt)
        places = places_in(attempt)
        died = dies(places, backup, number)
        journal.finish(attempt)
        print(verdict(places))
        if not died:
            return
        number += 1


def dies(places: Places, backup: Path, number: int) -> bool:
    """Restores in a process that dies before its change number `number`; False if there are not so many."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            sys.addaudithook(Death(number))
            restore(places, backup)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    assert os.WEXITSTATUS(status) in {0, 9}
    return os.WEXITSTATUS(status) == 9


class Death:
    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:  # Any: the event's own
        if event in CHANGES or (event == "open" and writes(arguments)):
            self._left -= 1
            if self._left < 0:
                os._exit(9)


def writes(arguments: tuple[Any, ...]) -> bool:  # Any: as above
    return isinstance(flags := arguments[2], int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def verdict(places: Places) -> str:
    found = words(places)
    asides = [words(places_in(each)) for each in places.folder.glob("replaced-*")]
    if found == ["new"] * 5 and not asides:
        return "new"
    if found == ["old"] * 5 and asides == [["new"] * 5]:
        return "old"
    return f"{found}{asides}".replace(" ", "")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
