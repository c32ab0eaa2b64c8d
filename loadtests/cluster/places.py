"""Where a server's data lie: in the folder that was given, or for a user who cannot reach that, elsewhere."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loadtests.cluster.account import Account, temporary, unprivileged

PREFIX = "steadychat-data-"
OF = "of"
"""The file, beside data that lie elsewhere, that names the link to them."""


@contextmanager
def passing() -> Iterator[Path]:
    """A new folder in which any server can have its data, also root's; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="steadychat-", dir=temporary(unprivileged())) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def home(folder: Path, account: Account) -> Path:
    """The folder to make the account's data in, before `link` is told of them. Raises ClusterError.

    Modes of folders that are there already are left alone, those of /root and of pytest's folders too.
    """
    if account.may_enter(folder):
        return folder
    base = temporary(account)
    _sweep(base)
    made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    made.chmod(0o711)  # the account goes through it to what it owns
    return made


def link(folder: Path, data: Path) -> None:
    """Let `folder/<name>` be the data, wherever they are, for as long as the folder exists."""
    name = folder / data.name
    if name != data:
        name.unlink(missing_ok=True)  # a link to data that were cleared away
        name.symlink_to(data)
        (data.parent / OF).write_text(str(name), "utf-8")


def _sweep(base: Path) -> None:
    """Remove what lies elsewhere for folders that are gone."""
    for of in base.glob(f"{PREFIX}*/{OF}"):
        with suppress(FileNotFoundError):  # another process sweeps too
            if of.stat().st_uid == os.geteuid() and not _is_linked(of):
                shutil.rmtree(of.parent, ignore_errors=True)


def _is_linked(of: Path) -> bool:
    name = Path(of.read_text("utf-8"))
    return name.is_symlink() and name.readlink().parent.samefile(of.parent)
