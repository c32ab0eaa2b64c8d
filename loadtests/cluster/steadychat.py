"""One Steadychat server of several, as an operator starts it."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import httpx

from loadtests.cluster.account import MYSELF, Options
from loadtests.cluster.ports import HOST
from loadtests.cluster.server import Server

ROOT = Path(__file__).parents[2]
SOON_S = 0.5
DRAIN_S = 30.0
AFTER_DRAIN_S = 15.0
PREFIX = "STEADYCHAT_"


def environment(settings: Mapping[str, str], *, theirs: bool) -> dict[str, str]:
    """What a process of Steadychat runs in; with `theirs` also the settings of whoever begins it."""
    inherited = {name: value for name, value in os.environ.items() if theirs or not name.startswith(PREFIX)}
    return inherited | dict(settings) | {"PYTHONPATH": str(ROOT)}


class Steadychat(Server):
    """`settings` are those of the server, by their full names; its address and its data folder are its own.

    Whoever starts it has settings of their own in the environment or in a `.env`: with `theirs` these count,
    as far as `settings` does not say otherwise.
    """

    name: ClassVar[str] = "Steadychat"
    package: ClassVar[str] = "steadychat"
    leave: ClassVar[int] = signal.SIGTERM

    def __init__(
        self, folder: Path, port: int = 0, *, settings: Mapping[str, str], theirs: bool = False
    ) -> None:
        super().__init__(folder, port)
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.settings = dict(settings)
        self._theirs = theirs
        drain_s = environment(settings, theirs=theirs).get(f"{PREFIX}DRAIN_SECONDS", DRAIN_S)
        self.leaves_s = float(drain_s) + AFTER_DRAIN_S

    @property
    def url(self) -> str:
        """Its own address, past the proxy."""
        return f"http://{HOST}:{self.port}"

    def figure(self, name: str) -> float:
        """One of `/metrics`, such as `steadychat_websockets`. Raises httpx.TransportError, KeyError."""
        told = httpx.get(f"{self.url}/metrics", timeout=SOON_S, trust_env=False).text
        figures = dict(line.rsplit(" ", 1) for line in told.splitlines() if not line.startswith("#"))
        return float(figures[name])

    def _prepare(self) -> tuple[Sequence[str | Path], Options]:
        own = {
            f"{PREFIX}HOST": HOST,
            f"{PREFIX}PORT": str(self.port),
            f"{PREFIX}DATA_DIR": str(self.data),
        }
        options = MYSELF.options
        options["env"] = environment(self.settings | own, theirs=self._theirs)
        options["cwd"] = str(Path.cwd() if self._theirs else self.folder)
        return (sys.executable, "-m", "api.main", "serve"), options

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=SOON_S, trust_env=False).is_success
        return False
