"""The Chromium that browser tests drive: the machine's own, else Playwright's.

`python -m tests.support.chromium` prints its path, or says how to get one.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class ChromiumMissing(Exception):
    """No Chromium on this machine starts."""

    def __str__(self) -> str:
        return "No Chromium was found on this machine. `make browser` fetches one."


def chromium() -> Path:
    """The path of a Chromium that really starts; STEADYCHAT_CHROMIUM names one of your own choice."""
    chosen = os.environ.get("STEADYCHAT_CHROMIUM")
    for name in (chosen,) if chosen else (*NAMES, *playwrights()):
        path = shutil.which(name)
        if path and starts(path):
            return Path(path)
    raise ChromiumMissing


def playwrights() -> list[str]:
    """Where Playwright keeps the Chromium that it fetched, newest first."""
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    mac = "chromium-*/chrome-mac*/*.app/Contents/MacOS/*"
    found = [*kept.glob("chromium-*/chrome-linux*/chrome"), *kept.glob(mac)]
    return [str(path) for path in sorted(found, reverse=True)]


def starts(path: str) -> bool:
    """Whether it tells its version: on some systems the name is only a stub that asks to install it."""
    try:
        return (
            subprocess.run([path, "--version"], capture_output=True, check=False, timeout=30).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    """Print the path; exit status 1 if there is none."""
    try:
        print(chromium())
    except ChromiumMissing as missing:
        print(missing)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
