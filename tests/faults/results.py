"""What was measured, kept as one file of JSON for each proof and commit."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.proofs import Measured

ROOT = Path(__file__).parents[2]
CODE = [
    *("api", "chains", "loadtests", "tests/faults", "tests/house", "tests/support"),
    *("pyproject.toml", "requirements.lock"),
]


@dataclass
class Result:
    """A proof's state at a commit: `size` is what was asked for, `measured.trials` what was reached."""

    row: int
    name: str
    size: int
    full: int
    seed: int
    commit: str
    date: str
    machine: str
    seconds: float = 0
    measured: Measured = field(default_factory=Measured)

    @property
    def finished(self) -> bool:
        return self.measured.trials >= self.full

    def add(self, measured: Measured, seconds: float) -> None:
        self.measured += measured
        self.seconds += seconds
        self.date = today()


class Results:
    """The results of one commit, in a folder of their own beside those of other commits."""

    def __init__(self, folder: Path, commit: str) -> None:
        self._folder = folder / commit
        self.commit = commit

    def load(self, row: int, name: str) -> Result | None:
        file = self._file(row, name)
        if not file.exists():
            return None
        return _read(file)

    def newest(self, row: int, name: str) -> Result | None:
        """That of this commit, else the last one of another."""
        others = self._folder.parent.glob(f"*/{self._file(row, name).name}")
        return self.load(row, name) or next(
            map(_read, sorted(others, key=lambda file: file.stat().st_mtime, reverse=True)), None
        )

    def drop(self, row: int, name: str) -> None:
        self._file(row, name).unlink(missing_ok=True)

    def save(self, result: Result) -> None:
        """A file is there whole or not at all, also if the machine dies meanwhile."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._file(result.row, result.name)
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(result), indent=1))
        fresh.replace(file)

    def _file(self, row: int, name: str) -> Path:
        return self._folder / f"{row:02}-{name.replace(' ', '-')}.json"


def _read(file: Path) -> Result:
    fields = json.loads(file.read_text())
    return Result(**{**fields, "measured": Measured(**fields["measured"])})


def commit() -> str:
    """The last one that touched code."""
    return _git("log", "-1", "--format=%h", "--abbrev=10", "--", *CODE)


def changed() -> list[str]:
    """Files of code that are not as that commit left them."""
    return _git("status", "--porcelain", "--", *CODE).splitlines()


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release()}, Python {python}"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
