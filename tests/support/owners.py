"""A process that owns a real server and is killed."""

import subprocess
import sys
from pathlib import Path

import psutil

from loadtests.cluster import tree

ROOT = Path(__file__).parents[2]

OWNER = """
import os, signal, sys
from pathlib import Path
from loadtests.cluster.postgres import Postgres
from loadtests.cluster.valkey import Valkey

server = {kind}(Path(sys.argv[1]))
server.start()
{then}
print(server.pid, flush=True)
signal.pause()
"""

FORK = """
if os.fork() == 0:
    signal.pause()  # holds all that the owner had open
"""


def left_behind(kind: str, folder: Path, then: str = "") -> list[psutil.Process]:
    """What ran below an owner of a `Postgres` or a `Valkey`, which was killed just now, the server first."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER.format(kind=kind, then=then), folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        try:
            assert owner.stdout is not None
            server = tree.members(int(owner.stdout.readline()))
            others = psutil.Process(owner.pid).children(recursive=True)
        finally:
            owner.kill()
    return [*server, *(each for each in others if each not in server)]
