"""Two plain servers behind a real proxy, which tell how they were asked."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from loadtests.cluster.polling import until
from loadtests.cluster.proxy import Proxy

WITHIN_S = 10.0


class Backend(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name = name
        self.fit = True
        self.asked: Counter[str] = Counter()
        self.go_on = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def die(self) -> None:
        """From now on connections are refused."""
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:  # Any: as in the standard library
        """Connections break here on purpose."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Backend

    def do_GET(self) -> None:
        if self.path == "/readyz":
            self.send_response(200 if self.server.fit else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.asked[self.path] += 1
        if self.path == "/stream":
            self._stream()
        elif self.path == "/break":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self._tell({"name": self.server.name, "headers": dict(self.headers.items())})

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self._tell({"bytes": len(self.rfile.read(size))})

    def _tell(self, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        """A word at once, and one when it may go on."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        assert self.server.go_on.wait(WITHIN_S)
        self.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the standard library
        pass


@contextmanager
def proxied(folder: Path) -> Iterator[tuple[Proxy, list[Backend]]]:
    """The proxy knows that both are fit."""
    with ExitStack() as stack:
        backends = [Backend("one"), Backend("two")]
        for backend in backends:
            stack.callback(backend.die)
        proxy = Proxy(folder)
        proxy.servers = {backend.name: backend.port for backend in backends}
        stack.enter_context(proxy)
        assert until(lambda: proxy.up() == {"one", "two"}, WITHIN_S)
        yield proxy, backends
