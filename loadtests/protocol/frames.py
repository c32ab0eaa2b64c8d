"""Frames and objects as a client meets them: plain JSON, and what shape they must have."""

import zlib
from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeAlias

Frame: TypeAlias = dict[str, Any]  # Any: JSON
Shape: TypeAlias = Mapping[str, type | UnionType]

TERMINAL = frozenset({"complete", "cancelled", "failed", "interrupted"})
# What a status may become; anything else is forbidden.
MOVES: Mapping[str, frozenset[str]] = {
    "pending": TERMINAL | {"pending", "streaming"},
    "streaming": TERMINAL | {"streaming"},
    **{status: frozenset({status}) for status in TERMINAL},
}

_ID = str | None
_EVENT: Shape = {"session_id": str, "seq": int}
_END: Shape = {
    **_EVENT,
    "message_id": str,
    "status": str,
    "length": int,
    "crc32": str,
}
MESSAGE: Shape = {
    "id": str,
    "session_id": str,
    "index": int,
    "role": str,
    "content": str,
    "status": str,
    "client_message_id": _ID,
    "reply_to": _ID,
    "retry_of": _ID,
    "sources": list,
    "created_at": str,
    "completed_at": str | None,
}
PAGE: Shape = {
    "messages": list,
    "next_cursor": _ID,
    "has_more": bool,
    "epoch": str,
    "seq": int | None,
}
_ERROR: Shape = {"code": str, "message": str, "retryable": bool}
SHAPES: Mapping[str, Shape] = {
    "welcome": {"protocol": int, "heartbeat_s": int, "user_id": str},
    "ack": {
        "client_message_id": str,
        "session_id": str,
        "epoch": str,
        "index": int,
        "user_message_id": str,
        "pending_message_id": str,
        "status": str,
        "duplicate": bool,
    },
    "subscribed": {"session_id": str, "epoch": str, "seq": int, "end": int, "recovered": bool},
    "message": {**_EVENT, "message": dict},
    "token": {**_EVENT, "message_id": str, "content": str, "at": int, "from": int},
    "done": {
        **_END,
        "sources": list,
        "confidence": float | int | None,
        "generation_time_ms": int | None,
    },
    "error": _ERROR,
    "stopped": {"message_id": str, "status": str},
    "draining": {"retry_after_ms": int},
}


def misfit(frame: object, shape: Shape | None = None) -> str | None:
    """Say what is wrong with the shape of a frame, or of an object of the given shape; None if nothing is."""
    if not isinstance(frame, dict):
        return "not an object"
    if shape is None:
        kind = frame.get("type")
        if not isinstance(kind, str):
            return "no type"
        shape = {**_END, **_ERROR} if kind == "error" and "seq" in frame else SHAPES.get(kind, {})
    for field, kinds in shape.items():
        value = frame.get(field)
        if field not in frame:
            return f"{field} is missing"
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            return f"{field} is {type(value).__name__}"
    if frame.get("type") == "message":
        return misfit(frame["message"], MESSAGE)
    return None


def is_event(frame: Frame) -> bool:
    """Whether it is an event of a session's log."""
    return frame["type"] in {"message", "token", "done"} or ends(frame)


def ends(frame: Frame) -> bool:
    """Whether it is the terminal event of a message."""
    return frame["type"] == "done" or (frame["type"] == "error" and "seq" in frame)


def first_seq(event: Frame) -> int:
    """The position of the first event in a frame: several pieces may travel as one token."""
    first: int = event["from"] if event["type"] == "token" else event["seq"]
    return first


def is_terminal(message: Mapping[str, Any]) -> bool:
    return message["status"] in TERMINAL


def crc32(text: str) -> str:
    return f"{checksum(text):08x}"


def checksum(text: str, before: int = 0) -> int:
    # A lone surrogate may not travel, and a client that meets one says so instead of breaking.
    return zlib.crc32(text.encode("utf-8", "surrogatepass"), before)
