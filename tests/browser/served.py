"""A server process, and the network before it, for tests that are not asynchronous."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.core.points import Point
from loadtests.proxy.plan import How, Plan
from loadtests.proxy.proxy import Proxy
from tests.faults.launching import Launcher
from tests.faults.server import Server
from tests.support.looped import Looped


class Served:
    """A real process that can be killed and started again under the same address."""

    def __init__(self, elsewhere: Looped, server: Server) -> None:
        self._elsewhere = elsewhere
        self._server = server
        self.url = server.url
        self.record = server.record

    def start(self) -> None:
        self._elsewhere.run(self._server.start())

    def kill(self) -> None:
        """`kill -9`"""
        self._elsewhere.run(self._server.kill())

    def ask_to_leave(self) -> None:
        """SIGTERM, as a deploy sends it, without waiting for the end."""
        self._elsewhere.run(self._terminate())

    def wait(self) -> int:
        return self._elsewhere.run(self._server.wait())

    def die_at(self, point: Point) -> None:
        """The process kills itself when it next reaches this point."""
        self._server.board.arm(point)

    async def _terminate(self) -> None:
        self._server.process.send(signal.SIGTERM)


class Network:
    """The way from the browser to a server."""

    def __init__(self, elsewhere: Looped, proxy: Proxy) -> None:
        self._elsewhere = elsewhere
        self._proxy = proxy
        self.url = "http://{}:{}".format(*proxy.address)

    def cut(self) -> None:
        """Every connection breaks; the next ones come through."""
        self._elsewhere.run(self._cut("rst"))

    def fall_silent(self) -> None:
        """Every connection stays, and nothing comes through any more; the next ones do."""
        self._elsewhere.run(self._cut("silence"))

    def take_away(self) -> None:
        """Every connection breaks, and no other is let in."""
        self._elsewhere.run(self._proxy.plan(Plan(admission="refuse"), "new"))
        self.cut()

    def give_back(self) -> None:
        self._elsewhere.run(self._proxy.heal())

    async def _cut(self, how: How) -> None:
        self._proxy.cut_all(how)


@contextmanager
def served(elsewhere: Looped, launcher: Launcher, folder: Path, **settings: Any) -> Iterator[Served]:
    """A server that is ready; whatever became of it is killed at the end. `settings`: each has its type."""
    server = Server(launcher, folder, **settings)
    try:
        found = Served(elsewhere, server)
        found.start()
        yield found
    finally:
        elsewhere.run(server.__aexit__(None, None, None))


@contextmanager
def network(elsewhere: Looped, url: str) -> Iterator[Network]:
    proxy = Proxy(("127.0.0.1", int(url.rsplit(":", 1)[-1])), seed=1)
    elsewhere.run(proxy.listen("127.0.0.1", 0))
    try:
        yield Network(elsewhere, proxy)
    finally:
        elsewhere.run(_closed(proxy))


async def _closed(proxy: Proxy) -> None:
    proxy.close()
