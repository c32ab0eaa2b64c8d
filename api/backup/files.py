"""Files that are on the disk, not only on their way to it."""

import os
from pathlib import Path

PRIVATE = 0o600


def sync(path: Path) -> None:
    """Waits until a file's content, or what a folder lists, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    for each in folder.rglob("*"):
        sync(each)
    sync(folder)


def write_whole(file: Path, text: str) -> None:
    """The file holds all of `text` or does not change, whatever happens."""
    draft = file.with_name(f".{file.name}.draft")
    draft.write_text(text)
    sync(draft)
    draft.replace(file)
    sync(file.parent)


def as_the_owner_of(folder: Path, root: Path) -> None:
    """What the superuser has made at `root` gets the owner of `folder`, so that a server can use it."""
    if os.geteuid() == 0:
        owner = folder.stat()
        for each in (root, *root.rglob("*")):
            os.chown(each, owner.st_uid, owner.st_gid, follow_symlinks=False)
