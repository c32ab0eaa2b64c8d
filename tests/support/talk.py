"""Three ways to talk to a chat: the same wishes through the WebSocket, REST and server-sent events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

from websockets.sync.client import ClientConnection, connect

from tests.support.live import Live, User

Frame: TypeAlias = dict[str, Any]
PATIENCE_S = 20


@contextmanager
def socket(server: Live, user: User | None, **options: Any) -> Iterator[ClientConnection]:
    """A WebSocket of this user, or of nobody."""
    headers = {} if user is None else {"Authorization": f"Bearer {user.token}"}
    headers |= options.pop("headers", {})
    # What a test does not read must not hold up its end.
    with connect(
        server.socket_url, additional_headers=headers, proxy=None, max_queue=None, **options
    ) as found:
        yield found


def say(connection: ClientConnection, **frame: Any) -> None:
    connection.send(json.dumps(frame))


def hear(connection: ClientConnection) -> Frame:
    found: Frame = json.loads(connection.recv(timeout=PATIENCE_S))
    return found


def until(connection: ClientConnection, *types: str) -> list[Frame]:
    """Everything that comes, up to the first frame of one of these types."""
    heard = [hear(connection)]
    while heard[-1]["type"] not in types:
        heard.append(hear(connection))
    return heard


def ended(frame: Frame) -> bool:
    return frame["type"] == "done" or (frame["type"] == "error" and "seq" in frame)


def to_the_end(connection: ClientConnection) -> list[Frame]:
    heard = [hear(connection)]
    while not ended(heard[-1]):
        heard.append(hear(connection))
    return heard


def server_events(lines: Iterator[str]) -> Iterator[tuple[str | None, Frame]]:
    """The events of a stream, with their ids."""
    event_id, data = None, ""
    for line in lines:
        if line.startswith("id: "):
            event_id = line[4:]
        elif line.startswith("data: "):
            data = line[6:]
        elif not line and data:
            yield event_id, json.loads(data)
            event_id, data = None, ""


def retry_path(session_id: str, message_id: str) -> str:
    return f"/api/chat/sessions/{session_id}/messages/{message_id}/retry"


class Door(Protocol):
    """One way in. Each returns the ids of the acceptance and the answer as that door shows it."""

    def ask(self, content: str, **fields: Any) -> tuple[Frame, Frame]: ...

    def retry(self, session_id: str, message_id: str, **fields: Any) -> tuple[Frame, Frame]: ...


def answer_of(frames: list[Frame]) -> Frame:
    """The answer that the frames of a WebSocket or an event stream tell, its text put together by `at`."""
    text = ""
    for frame in frames:
        if frame["type"] == "token":
            assert frame["at"] == len(text), "no gap and no overlap"
            text += frame["content"]
    end = frames[-1]
    return {
        "id": end["message_id"],
        "session_id": end["session_id"],
        "content": text,
        "status": end["status"],
        "sources": end.get("sources", []),
        "confidence": end.get("confidence"),
    }


class SocketDoor:
    def __init__(self, server: Live, user: User) -> None:
        self._server, self._user = server, user

    def ask(self, content: str, **fields: Any) -> tuple[Frame, Frame]:
        return self._said(type="send", content=content, **fields)

    def retry(self, session_id: str, message_id: str, **fields: Any) -> tuple[Frame, Frame]:
        return self._said(type="retry", message_id=message_id, **fields)

    def _said(self, **frame: Any) -> tuple[Frame, Frame]:
        with socket(self._server, self._user) as connection:
            say(connection, **frame)
            frames = to_the_end(connection)
        ack = next(frame for frame in frames if frame["type"] == "ack")
        return ack, answer_of(frames)


class RestDoor:
    def __init__(self, server: Live, user: User) -> None:
        self._user = user

    def ask(self, content: str, **fields: Any) -> tuple[Frame, Frame]:
        return self._posted("/api/chat/messages", {"content": content, **fields})

    def retry(self, session_id: str, message_id: str, **fields: Any) -> tuple[Frame, Frame]:
        return self._posted(retry_path(session_id, message_id), fields)

    def _posted(self, path: str, body: Frame) -> tuple[Frame, Frame]:
        found = self._user.http.post(path, json=body).raise_for_status().json()
        ids = {
            "session_id": found["message"]["session_id"],
            "user_message_id": found["user_message"]["id"],
            "pending_message_id": found["pending_message_id"],
            "duplicate": found["duplicate"],
        }
        return ids, found["message"]


class EventsDoor:
    """Sends by REST and follows by server-sent events, as a browser does where WebSockets break."""

    def __init__(self, server: Live, user: User) -> None:
        self._user = user

    def ask(self, content: str, **fields: Any) -> tuple[Frame, Frame]:
        return self._followed("/api/chat/messages", {"content": content, **fields})

    def retry(self, session_id: str, message_id: str, **fields: Any) -> tuple[Frame, Frame]:
        return self._followed(retry_path(session_id, message_id), fields)

    def _followed(self, path: str, body: Frame) -> tuple[Frame, Frame]:
        http = self._user.http
        ack = http.post(path, json=body, headers={"Prefer": "respond-async"}).raise_for_status().json()
        path = f"/api/chat/sessions/{ack['session_id']}/events"
        frames: list[Frame] = []
        with http.stream("GET", path, params={"epoch": ack["epoch"], "after": 0}) as stream:
            for _, frame in server_events(stream.iter_lines()):
                frames.append(frame)
                if ended(frame) and frame["message_id"] == ack["pending_message_id"]:
                    break
        return ack, answer_of(
            [each for each in frames if each.get("message_id") == ack["pending_message_id"]]
        )
