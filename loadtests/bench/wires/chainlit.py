"""Chainlit's page: Socket.IO (Engine.IO 4) in one WebSocket."""

import json
import uuid

from loadtests.bench.wires.socket import Socket

OPENED, CONNECTED, PING, PONG = b"0{", b"40{", b"2", "3"
SETTLED = b'42["clear_call_fn"'
"""The last that comes after `connection_successful`."""
TOKENS = (b'42["stream_start"', b'42["stream_token"')
END = b'42["task_end"'


class Chainlit(Socket):
    path = "/ws/socket.io/?EIO=4&transport=websocket"

    def upgraded(self) -> None:
        """The server speaks first."""

    def message(self, payload: bytes) -> None:
        if payload.startswith(TOKENS):
            self.take(payload)
        elif payload.startswith(END) and self.asking:
            self.ended()
        elif payload == PING:
            self.send(PONG)
        elif payload.startswith(OPENED):
            self.send("40" + json.dumps(self._auth()))
        elif payload.startswith(CONNECTED):
            self.send('42["connection_successful"]')
        elif payload.startswith(SETTLED) and not self.ready.done():
            self.ready.set_result(None)

    def say(self, question: str) -> None:
        message = {"id": str(uuid.uuid4()), "name": "user", "type": "user_message", "output": question}
        message |= {"createdAt": "2026-01-01T00:00:00Z", "threadId": ""}
        said = {"message": {**message, "parentId": None}, "fileReferences": []}
        self.send("42" + json.dumps(["client_message", said]))

    @staticmethod
    def _auth() -> dict[str, str]:
        page = {"clientType": "webapp", "sessionId": str(uuid.uuid4()), "threadId": "", "userEnv": "{}"}
        return {**page, "chatProfile": "", "authToken": ""}
