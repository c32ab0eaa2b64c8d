"""LangServe's stream endpoint: a request a question, on a connection that stays."""

import json

from loadtests.bench.wires.wire import Wire

KEPT = 128
"""Bytes of a read that may be the beginning of a token, or of the end."""
LAST_CHUNK = b"\r\n0\r\n\r\n"


class Sse(Wire):
    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._rest = b""
        self._headed = False

    def open(self) -> None:
        self.ready.set_result(None)

    def say(self, question: str) -> None:
        self._rest, self._headed = b"", False
        body = json.dumps({"input": {"question": question}}).encode()
        head = f"POST /chain/stream HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        head += "Content-Type: application/json\r\nAccept: text/event-stream\r\n"
        self.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def data_received(self, data: bytes) -> None:
        if not self._headed and not data.startswith(b"HTTP/1.1 200"):
            self.fail(f"no stream: {data[:300].decode('latin-1')}")
        self._headed = True
        data = self._rest + data
        rest = data[self.take(data) :]
        self._rest = rest[-KEPT:]
        if LAST_CHUNK in rest:
            self._rest = b""
            self.ended()
