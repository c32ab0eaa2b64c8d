"""Locust as a process of its own, since its users are greenlets and everything else here is asyncio."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCUSTFILE = ROOT / "loadtests" / "people" / "locustfile.py"


@dataclass(frozen=True)
class Crowd:
    """How many people come, how fast, and for how long. `web_port` None: without the web UI."""

    users: int
    spawn_rate: float
    duration_s: float
    patience_s: float
    seed: int
    haste: float
    may_die: bool
    web_port: int | None = None

    def arguments(self, host: str, folder: Path) -> list[str]:
        """Return Locust's own command line."""
        common = ["--host", host, "--users", str(self.users), "--spawn-rate", f"{self.spawn_rate:g}"]
        common += ["--stop-timeout", f"{self.patience_s:g}", "--loglevel", "WARNING"]
        people = ["--folder", str(folder), "--seed", str(self.seed), "--haste", f"{self.haste:g}"]
        people += ["--may-die"] if self.may_die else []
        if self.web_port is not None:
            return [*common, *people, "--web-host", "127.0.0.1", "--web-port", str(self.web_port)]
        return [*common, *people, "--headless", "--only-summary", "--run-time", f"{self.duration_s:g}s"]


async def start(crowd: Crowd, host: str, folder: Path) -> asyncio.subprocess.Process:
    """Start Locust; what it says goes to `locust.log`."""
    with (folder / "locust.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *crowd.arguments(host, folder)),
            cwd=ROOT,
            env={**os.environ, "LOCUST_SKIP_MONKEY_PATCH": "1", "PYTHONPATH": str(ROOT)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the owner alone
        )


async def end(process: asyncio.subprocess.Process) -> int:
    """Ask it to leave; it waits for its people. Return its exit status."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    return await process.wait()
