"""Our own: each wire is a user with a session, as everybody is."""

import json
import re
import uuid

from loadtests.bench.wires.socket import Socket
from loadtests.bench.wires.wire import NS, Heard

SESSION = re.compile(rb'"session_id":"([^"]+)"')
WELCOME, ACK, TOKEN, DONE, ERROR = (
    b'{"type":"%b"' % kind for kind in (b"welcome", b"ack", b"token", b"done", b"error")
)


class Steady(Socket):
    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._identity: bytes | None = b""
        self._token = ""
        self._session: str | None = None

    def open(self) -> None:
        """A new user first: without a token there is nobody to be welcomed."""
        head = f"POST /api/chat/identity HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        self.write(f"{head}Content-Length: 0\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        if self._identity is None:
            super().data_received(data)
            return
        self._identity += data
        head, found, body = self._identity.partition(b"\r\n\r\n")
        if found and b" 200 " not in head.split(b"\r\n")[0]:
            self.fail(f"no identity: {(head + body)[:300].decode('latin-1')}")
        elif found and body.endswith(b"}"):
            self._token, self._identity = json.loads(body)["token"], None
            super().open()

    def upgraded(self) -> None:
        self.send(json.dumps({"type": "hello", "protocol": 1, "token": self._token}))

    def say(self, question: str) -> None:
        words = {"type": "send", "client_message_id": str(uuid.uuid4()), "content": question}
        self.send(json.dumps(words | ({} if self._session is None else {"session_id": self._session})))

    def message(self, payload: bytes) -> None:
        if payload.startswith(TOKEN):
            self.take(payload)
        elif payload.startswith(ACK):
            self.acked()
            if self._session is None and (found := SESSION.search(payload)):
                self._session = found[1].decode()
        elif payload.startswith(DONE) and b'"status":"complete"' in payload:
            self.ended()
        elif payload.startswith((ERROR, DONE)):
            self.fail(payload[:300].decode())
        elif payload.startswith(WELCOME):
            self.ready.set_result(None)


class Scripted(Steady):
    """With the scripted chain, whose tokens do not say when they were due.

    The one that came soonest tells when it must have begun; the others are late by comparison.
    """

    mark = re.compile(rb"t(\d+) ")

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._step = 0

    def question(self, tokens: int, delay_s: float) -> str:
        self._step = round(delay_s * NS)
        return f"tokens={tokens} rate={1 / delay_s if delay_s else 0}"

    def own_ns(self, delay_s: float) -> int:  # noqa: ARG002 - it says its first token at once
        return 0

    def due(self, found: re.Match[bytes]) -> int:
        return int(found[1]) * self._step

    async def ask(self, tokens: int, delay_s: float) -> Heard:
        heard = await super().ask(tokens, delay_s)
        began = min(now - due for now, due in heard.arrivals)
        heard.arrivals = [(now, began + due) for now, due in heard.arrivals]
        return heard
