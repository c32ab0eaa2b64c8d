"""Where figures come from: which code, which machine, which versions."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from loadtests.bench.peers import PEERS, ROOT, Peer

CODE = ("api", "chains", "loadtests", "pyproject.toml", "requirements.lock")
COMMON = ("langchain-core", "fastapi", "uvicorn", "websockets", "uvloop")
ASK = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
CHANGED = "+changes"


@dataclass(frozen=True)
class Origin:
    """`commit` is the last that touched code, with `+changes` if files differ from it."""

    commit: str
    date: str
    machine: str
    versions: dict[str, str]


def origin() -> Origin:
    return Origin(commit(), datetime.now(UTC).date().isoformat(), machine(), versions())


def commit() -> str:
    """Of the code alone: a change of the docs makes no figure old."""
    changed = _git("status", "--porcelain", "--", *CODE)
    return _git("log", "-1", "--format=%h", "--abbrev=10", "--", *CODE) + (CHANGED if changed else "")


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    python = f"Python {platform.python_version()}"
    return ", ".join([_processor(), f"{os.cpu_count()} cores", f"{memory:.0f} GB", system, python])


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def versions() -> dict[str, str]:
    """Of what all servers have in common, and of each that comes from elsewhere."""
    found = {name: version(name) for name in COMMON}
    for peer in PEERS.values():
        found |= _versions(peer, peer.packages)
    return found


def _versions(peer: Peer, packages: Sequence[str]) -> dict[str, str]:
    """Asked of the interpreter that the peer runs in; nothing where there is none."""
    if not packages or not peer.python.exists():
        return {}
    asked = subprocess.run([peer.python, "-c", ASK, *packages], capture_output=True, text=True, check=False)
    return dict(json.loads(asked.stdout)) if asked.returncode == 0 else {}


def _git(*arguments: str) -> str:
    command = ["git", "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or ("" if done.returncode == 0 else "unknown")
