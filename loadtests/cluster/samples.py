"""The guide as sample documents: given to PostgreSQL once, from where each server indexes what it lacks."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from loadtests.cluster.errors import ClusterError
from loadtests.cluster.steadychat import PREFIX, ROOT, environment

GUIDE = ROOT / "docs" / "guide"


def provide(folder: Path, shared: Mapping[str, str]) -> None:
    """Has the command read the guide, with the servers' settings; what is there already costs nothing.

    `folder` is for whatever the command keeps. Raises ClusterError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "api.main", "ingest", str(GUIDE)],
        env=environment({**shared, f"{PREFIX}DATA_DIR": str(folder)}, theirs=True),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ClusterError(f"the sample documents in {GUIDE} cannot be read: {done.stdout.strip()}")
