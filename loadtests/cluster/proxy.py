"""A real HAProxy before several servers, by the same settings as everywhere (`deploy/haproxy.cfg`)."""

import csv
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import httpx

from loadtests.cluster.account import MYSELF, Options
from loadtests.cluster.errors import ClusterError, NoProxy, NotStarted
from loadtests.cluster.haproxy import haproxy
from loadtests.cluster.ports import HOST, HeldPort
from loadtests.cluster.server import Server

SETTINGS = Path(__file__).parents[2] / "deploy" / "haproxy.cfg"
BACKEND = "chat"
SOON_S = 0.5


class Proxy(Server):
    """`servers` are its servers' ports on the loopback address, by their names in its log and figures.

    Its folder gets `servers.cfg` beside the log.
    """

    name: ClassVar[str] = "HAProxy"
    package: ClassVar[str] = "haproxy"
    leave: ClassVar[int] = signal.SIGTERM  # cuts what is open: who stops it has let the servers end before

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(folder, port)
        self.servers: Mapping[str, int] = {}
        self._figures = HeldPort()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def figures(self) -> str:
        """The page on which it tells how its servers are."""
        return f"http://{HOST}:{self._figures.number}"

    def up(self) -> set[str]:
        """The names of the servers that it gives new connections to. Raises httpx.TransportError."""
        told = httpx.get(f"{self.figures}/;csv", timeout=SOON_S, trust_env=False).text
        rows = csv.DictReader(told.removeprefix("# ").splitlines())
        return {
            row["svname"]
            for row in rows
            if row["pxname"] == BACKEND and row["svname"] in self.servers and row["status"].startswith("UP")
        }

    def close(self) -> None:
        super().close()
        self._figures.close()

    def _prepare(self) -> tuple[Sequence[str | Path], Options]:
        lines = (f"    server {name} {HOST}:{port}\n" for name, port in self.servers.items())
        servers = self.folder / "servers.cfg"
        servers.write_text(f"backend {BACKEND}\n{''.join(lines)}", "utf-8")
        command = (haproxy(), "-db", "-f", SETTINGS, "-f", servers)
        options = MYSELF.options
        options["env"] |= {
            "STEADYCHAT_PROXY_BIND": f"{HOST}:{self.port}",
            "STEADYCHAT_PROXY_FIGURES": f"{HOST}:{self._figures.number}",
        }
        self._check(command, options)
        return command, options

    def _check(self, command: Sequence[str | Path], options: Options) -> None:
        """Raises NotStarted with what HAProxy has against its settings: an old one does not know all."""
        done = subprocess.run(
            [*command, "-c"], **options, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise NotStarted(self.name, "it refuses its settings", done.stderr.decode(errors="replace"))

    def _missing(self, why: str) -> ClusterError:
        return NoProxy(why)

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(self.figures, timeout=SOON_S, trust_env=False).is_success
        return False
