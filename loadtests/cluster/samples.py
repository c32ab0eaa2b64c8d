"""The guide as sample documents for every server, read once: the index is copied to those that have none."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from loadtests.cluster.errors import ClusterError
from loadtests.cluster.steadychat import PREFIX, ROOT, Steadychat, environment

GUIDE = ROOT / "docs" / "guide"
INDEX, READ = "index.db", "guide-was-read"
"""Beside an index, the second says of which state of the guide it is."""


def provide(folder: Path, servers: Sequence[Steadychat]) -> None:
    """Gives each server the guide, before it is started; `folder` keeps the index for others.

    Documents that somebody has added to a server's index stay in it. Raises ClusterError.
    """
    state = _state()
    _read(folder, state)
    for server in servers:
        if not (server.data / INDEX).exists():
            for name in (INDEX, READ):
                shutil.copyfile(folder / name, server.data / name)
        _read(server.data, state)


def _state() -> str:
    """Of all files, with their names."""
    found = hashlib.sha256()
    for file in sorted(GUIDE.glob("*.md")):
        found.update(f"{file.name}\n".encode() + file.read_bytes())
    return found.hexdigest()


def _read(folder: Path, state: str) -> None:
    """Has the guide read into the folder's index, if that has it not in this state."""
    read = folder / READ
    if (folder / INDEX).exists() and read.exists() and read.read_text("utf-8") == state:
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "api.main", "ingest", str(GUIDE)],
        env=environment({f"{PREFIX}DATA_DIR": str(folder)}, theirs=True),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ClusterError(f"the sample documents in {GUIDE} cannot be read: {done.stdout.strip()}")
    read.write_text(state, "utf-8")
