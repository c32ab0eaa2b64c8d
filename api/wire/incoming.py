"""A client's frames: text in, typed frames out, or the error that says what was wrong with it."""

from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from api.core.errors import ChatError, Code
from api.wire.depth import depth_ok
from api.wire.frames import ClientFrame, Hello, Ping, Retry, Send, Stop, Subscribe, Unsubscribe

AnyClientFrame = Hello | Send | Retry | Stop | Subscribe | Unsubscribe | Ping
TYPES = frozenset({"hello", "send", "retry", "stop", "subscribe", "unsubscribe", "ping"})
MOST_MISTAKES = 20
IDS = ("id", "client_message_id", "session_id", "message_id")

_FRAME: TypeAdapter[AnyClientFrame] = TypeAdapter(ClientFrame)


class MalformedError(Exception):
    """A frame that cannot be carried out, with the `request` and ids that it had."""

    def __init__(
        self, error: ChatError, request: str | None = None, ids: dict[str, str] | None = None
    ) -> None:
        super().__init__(error.code)
        self.error = error
        self.request = request
        self.ids = ids or {}


def parse(text: str) -> AnyClientFrame:
    """One frame. Raises MalformedError with bad_json, bad_frame, unknown_type or invalid."""
    value = _json(text)
    if not isinstance(value, dict):
        raise MalformedError(ChatError(Code.BAD_FRAME, "A frame must be one JSON object."))
    kind = value.get("type")
    request = kind if isinstance(kind, str) else None
    ids = _ids(value)
    if request is not None and request not in TYPES:
        raise MalformedError(ChatError(Code.UNKNOWN_TYPE), request[:64], ids)
    try:
        return _FRAME.validate_python(value)
    except ValidationError as error:
        raise MalformedError(ChatError(Code.BAD_FRAME, _what(error)), request, ids) from error


def _json(text: str) -> Any:  # whatever JSON holds
    if not depth_ok(text):
        raise MalformedError(ChatError(Code.BAD_JSON, "The JSON is nested too deeply. Send a flat object."))
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise MalformedError(ChatError(Code.BAD_JSON)) from error


def _ids(value: dict[str, Any]) -> dict[str, str]:
    """The ids that a reply may carry back; only short strings, since they are a stranger's."""
    return {name: value[name] for name in IDS if isinstance(value.get(name), str) and len(value[name]) <= 128}  # noqa: PLR2004


def _what(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or "type"
    return f"The field {place!r} does not fit: {first['msg'].lower()}. Compare it with the protocol page."


class Mistakes:
    """Counts malformed frames in a row; too many of them end the connection."""

    def __init__(self, most: int = MOST_MISTAKES) -> None:
        self._most = most
        self._count = 0

    def made(self) -> bool:
        """Counts one; True if that is one too many."""
        self._count += 1
        return self._count >= self._most

    def forgiven(self) -> None:
        self._count = 0
