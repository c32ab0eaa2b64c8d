"""Does a file of the project name the host of a package registry? It would work on some networks only."""

import re
import subprocess
import sys
from pathlib import Path

# Written so that this file does not match itself.
HOSTS = re.compile(r"py[p]i\.org|python[h]osted|npm[j]s\.|yarn[p]kg|cratesi[o]|proxy\.go[l]ang")
MADE = {".git", ".make", ".mypy_cache", ".ruff_cache", ".venv", "dist", "node_modules", "var"}


def files() -> list[Path]:
    """What git tracks or would add; without git, everything outside of the folders that are made."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return [path for path in map(Path, listed.stdout.splitlines()) if path.is_file()]
    return [path for path in Path().rglob("*") if path.is_file() and not MADE & set(path.parts)]


def main() -> int:
    """Exit status: 0 if no file names a registry, else 1 after naming each place."""
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if HOSTS.search(line)
    ]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
