"""Is requirements.lock made from the dependencies in pyproject.toml? Needs no network.

`make lock` writes a digest of those sections into the lock's first line (`--write`), `make lint` compares it.
"""

import hashlib
import json
import sys
import tomllib
from pathlib import Path

PROJECT = Path("pyproject.toml")
LOCK = Path("requirements.lock")
MARK = "# made from dependencies with sha256 "


def digest(project: str) -> str:
    """Hex SHA-256 of whatever decides what is locked in this pyproject.toml."""
    tables = tomllib.loads(project)
    deciding = {
        "requires-python": tables["project"]["requires-python"],
        "dependencies": tables["project"]["dependencies"],
        "extras": tables["project"].get("optional-dependencies", {}),
        "groups": tables.get("dependency-groups", {}),
    }
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def marked(lock: str, project: str) -> str:
    """The lock with its first line saying what it was made from."""
    body = lock.split("\n", 1)[1] if lock.startswith(MARK) else lock
    return f"{MARK}{digest(project)}\n{body}"


def main(arguments: list[str]) -> int:
    """Exit status: 0 if the lock is in step (or was marked with --write), else 1."""
    lock, project = LOCK.read_text(), PROJECT.read_text()
    if arguments == ["--write"]:
        LOCK.write_text(marked(lock, project))
        return 0
    if lock.split("\n", 1)[0] == f"{MARK}{digest(project)}":
        return 0
    print(f"{LOCK} was not made from the dependencies now in {PROJECT}: run `make lock`")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
