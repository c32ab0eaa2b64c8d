"""Literal frames: everything has a plain value, and a test names only what it is about."""

from typing import Any

from loadtests.protocol.frames import Frame, crc32

SESSION = "s"
EPOCH = "e1"


def message(id_: str, index: int, **part: Any) -> Frame:  # Any: each field has its type, here and below
    plain: Frame = {
        "id": id_,
        "session_id": SESSION,
        "index": index,
        "role": "assistant",
        "content": "",
        "status": "pending",
        "client_message_id": None,
        "reply_to": None,
        "retry_of": None,
        "sources": [],
        "confidence": None,
        "generation_time_ms": None,
        "error": None,
        "created_at": "2026-01-01T00:00:00Z",
        "completed_at": None,
    }
    return plain | part


def question(id_: str, index: int, content: str = "why?", **part: Any) -> Frame:
    return message(id_, index, role="user", content=content, status="complete", **part)


def subscribed(seq: int, **part: Any) -> Frame:
    plain = {"session_id": SESSION, "epoch": EPOCH, "end": seq, "recovered": True}
    return {"type": "subscribed", "seq": seq} | plain | part


def came(seq: int, held: Frame) -> Frame:
    return {"type": "message", "session_id": SESSION, "seq": seq, "message": held}


def token(seq: int, at: int, content: str, **part: Any) -> Frame:
    plain = {"session_id": SESSION, "message_id": "a", "from": seq}
    return {"type": "token", "seq": seq, "at": at, "content": content} | plain | part


def done(seq: int, text: str, **part: Any) -> Frame:
    plain: Frame = {
        "type": "done",
        "session_id": SESSION,
        "message_id": "a",
        "status": "complete",
        "sources": [],
        "confidence": 0.5,
        "generation_time_ms": 10,
        "length": len(text),
        "crc32": crc32(text),
        "seq": seq,
    }
    return plain | part


def broke(seq: int, text: str, **part: Any) -> Frame:
    plain: Frame = {
        "type": "error",
        "session_id": SESSION,
        "message_id": "a",
        "code": "chain_failed",
        "message": "It broke.",
        "retryable": True,
        "status": "failed",
        "length": len(text),
        "crc32": crc32(text),
        "seq": seq,
    }
    return plain | part


def ack(**part: Any) -> Frame:
    plain: Frame = {
        "type": "ack",
        "client_message_id": "c",
        "session_id": SESSION,
        "epoch": EPOCH,
        "index": 1,
        "user_message_id": "u",
        "pending_message_id": "a",
        "status": "pending",
        "duplicate": False,
    }
    return plain | part


def page(messages: list[Frame], **part: Any) -> Frame:
    plain = {"next_cursor": None, "has_more": False, "epoch": EPOCH, "seq": 0}
    return {"messages": messages} | plain | part


def newest(first: int, last: int) -> Frame:
    """The newest page of a session that has questions up to `m<last>`; it begins at `first`."""
    more = first > 1
    run = [question(f"m{index}", index) for index in range(first, last + 1)]
    return page(run, seq=last, has_more=more, next_cursor=f"m{first}" if more else None)
