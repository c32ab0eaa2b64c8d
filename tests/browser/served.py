"""A server process, and the network before it, for tests that are not asynchronous."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.core.points import Point
from tests.faults.launching import Launcher
from tests.faults.server import Server
from tests.support.looped import Looped
from tests.support.relay import WEBSOCKETS, Relay


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

    def __init__(self, elsewhere: Looped, relay: Relay) -> None:
        self._elsewhere = elsewhere
        self._relay = relay
        self.url = relay.url

    def cut(self) -> None:
        """Every connection breaks; the next ones come through."""
        self._elsewhere.run(self._relay.cut())

    def take_away(self) -> None:
        self._elsewhere.run(self._relay.bar())

    def bar_websockets(self) -> None:
        self._elsewhere.run(self._relay.bar(WEBSOCKETS))

    def let_through(self) -> None:
        self._elsewhere.run(self._relay.let_through())


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
    relay = Relay(int(url.rsplit(":", 1)[-1]))
    elsewhere.run(relay.listen())
    try:
        yield Network(elsewhere, relay)
    finally:
        elsewhere.run(relay.close())
