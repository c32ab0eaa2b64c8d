"""Several servers behind one proxy, on one PostgreSQL and one Valkey: all real, on this machine alone."""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psycopg

from loadtests.cluster.errors import ClusterError
from loadtests.cluster.polling import until
from loadtests.cluster.postgres import Postgres
from loadtests.cluster.proxy import Proxy
from loadtests.cluster.samples import provide
from loadtests.cluster.server import Server
from loadtests.cluster.steadychat import Steadychat
from loadtests.cluster.valkey import Valkey

DATABASE = "steadychat"
KNOWN_S = 15.0


class Cluster:
    """As a context manager it is started, and ended in order: the servers first, then what they stand on.

    `settings` are those of all servers, by their full names. With `theirs` the settings of whoever starts it
    count too, and with `samples` the guide is among the documents. With `durable` what is committed survives
    a power cut. Without a `port` the proxy takes a free one.
    """

    def __init__(
        self,
        folder: Path,
        servers: int = 3,
        port: int = 0,
        *,
        settings: Mapping[str, str] | None = None,
        theirs: bool = False,
        samples: bool = False,
        durable: bool = False,
    ) -> None:
        self.folder = folder.resolve()
        self._samples = samples
        self.postgres = Postgres(folder / "postgres", durable=durable)
        self.valkey = Valkey(folder / "valkey")
        shared = {"STEADYCHAT_SECRET": secrets.token_urlsafe(32)} | dict(settings or {})
        self.servers = [
            Steadychat(folder / f"server-{number}", settings=shared, theirs=theirs)
            for number in range(1, servers + 1)
        ]
        self.proxy = Proxy(folder / "proxy", port)

    @property
    def url(self) -> str:
        return self.proxy.url

    @property
    def all(self) -> Sequence[Server]:
        return [self.postgres, self.valkey, *self.servers, self.proxy]

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self.close)
            self.start()
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Returns when everything runs, and the proxy knows it. Raises ClusterError."""
        together(self.postgres, self.valkey)
        with suppress(psycopg.errors.DuplicateDatabase):
            self.postgres.create(DATABASE)
        for server in self.servers:
            server.settings |= self._addresses()
        if self._samples:
            provide(self.folder / "samples", self.servers[0].settings)
        together(*self.servers)
        self.proxy.servers = {server.folder.name: server.port for server in self.servers}
        self.proxy.start()
        self.settle()

    def settle(self) -> None:
        """Returns when the proxy gives new connections to all servers that run, and to no others.

        Raises ClusterError if that does not come true.
        """
        if not until(self._is_known, KNOWN_S, 0.05):
            raise ClusterError(f"the proxy does not know how its servers are: see {self.proxy.log}")

    def _is_known(self) -> bool:
        with suppress(httpx.TransportError):
            return self.proxy.up() == {server.folder.name for server in self.servers if server.alive}
        return False

    def close(self) -> None:
        """Ends everything, and gives the ports back. Interrupted, it leaves no time for answers to end."""
        with ExitStack() as last:
            for each in (self.postgres, self.valkey, self.proxy):
                last.callback(each.close)
            try:
                for server in self.servers:
                    server.dismiss()
                for server in self.servers:
                    server.close()
            except BaseException:
                for server in self.servers:
                    server.kill()
                raise

    def _addresses(self) -> dict[str, str]:
        return {
            "STEADYCHAT_DATABASE_URL": self.postgres.url(DATABASE),
            "STEADYCHAT_REDIS_URL": self.valkey.url,
            "STEADYCHAT_TRUSTED_PROXIES": "127.0.0.1",
        }


def together(*servers: Server) -> None:
    """Starts them all at the same time. Raises the first's error, once all have come as far as they do."""
    with ThreadPoolExecutor(max(1, len(servers))) as pool:
        for started in [pool.submit(server.start) for server in servers]:
            started.result()
