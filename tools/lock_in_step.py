"""Are the locks made from the dependencies in pyproject.toml and package.json? Needs no network.

`make lock` writes a digest of those of pyproject.toml into the lock's first line (`--write`), `make lint`
compares it. npm keeps a copy of its own in package-lock.json.
"""

import hashlib
import json
import sys
import tomllib
from pathlib import Path

PROJECT = Path("pyproject.toml")
LOCK = Path("requirements.lock")
PAGE = Path("frontend/package.json")
PAGE_LOCK = Path("frontend/package-lock.json")
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


def page_in_step(page: str, lock: str) -> bool:
    """Whether package-lock.json was made from the dependencies of this package.json."""
    wanted, locked = json.loads(page), json.loads(lock)["packages"][""]
    kinds = ("dependencies", "devDependencies", "engines")
    return all(wanted.get(kind) == locked.get(kind) for kind in kinds)


def main(arguments: list[str]) -> int:
    """Exit status: 0 if both locks are in step (or Python's was marked with --write), else 1."""
    lock, project = LOCK.read_text(), PROJECT.read_text()
    if arguments == ["--write"]:
        LOCK.write_text(marked(lock, project))
        return 0
    stale = []
    if lock.split("\n", 1)[0] != f"{MARK}{digest(project)}":
        stale.append((LOCK, PROJECT))
    if not page_in_step(PAGE.read_text(), PAGE_LOCK.read_text()):
        stale.append((PAGE_LOCK, PAGE))
    for made, source in stale:
        print(f"{made} was not made from the dependencies now in {source}: run `make lock`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
