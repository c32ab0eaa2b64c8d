"""Records as JSON text, for the columns and event bodies that hold them."""

from dataclasses import asdict
from typing import Any

import orjson

from api.core.errors import Code, Problem
from api.core.events import Created, Ended
from api.core.lifecycle import Role, Status
from api.core.records import Message
from api.database.times import from_micros, to_micros


def dump_json(value: Any) -> str:  # whatever orjson takes
    return orjson.dumps(value).decode()


def dump_problem(problem: Problem | None) -> str | None:
    return None if problem is None else dump_json(asdict(problem))


def load_problem(text: str | None) -> Problem | None:
    if text is None:
        return None
    fields = orjson.loads(text)
    return Problem(**fields | {"code": Code(fields["code"])})


def dump_created(message: Message) -> str:
    """A message at its birth: it has no sources, error or end yet."""
    return dump_json(
        {
            "id": message.id,
            "index": message.index,
            "role": message.role,
            "content": message.content,
            "status": message.status,
            "created_at": to_micros(message.created_at),
            "client_message_id": message.client_message_id,
            "reply_to": message.reply_to,
            "retry_of": message.retry_of,
            "completed_at": None if message.completed_at is None else to_micros(message.completed_at),
        }
    )


def load_created(session_id: str, seq: int, body: str) -> Created:
    fields = orjson.loads(body)
    completed = fields["completed_at"]
    fields |= {
        "role": Role(fields["role"]),
        "status": Status(fields["status"]),
        "created_at": from_micros(fields["created_at"]),
        "completed_at": None if completed is None else from_micros(completed),
    }
    return Created(session_id, seq, Message(session_id=session_id, **fields))


def dump_ended(event: Ended) -> str:
    return dump_json(
        {
            "status": event.status,
            "length": event.length,
            "crc32": event.crc32,
            "sources": list(event.sources),
            "confidence": event.confidence,
            "generation_time_ms": event.generation_time_ms,
            "error": None if event.error is None else asdict(event.error),
            "completed_at": None if event.completed_at is None else to_micros(event.completed_at),
        }
    )


def load_ended(session_id: str, seq: int, message_id: str, body: str) -> Ended:
    fields = orjson.loads(body)
    error, completed = fields["error"], fields["completed_at"]
    fields |= {
        "status": Status(fields["status"]),
        "sources": tuple(fields["sources"]),
        "error": None if error is None else Problem(**error | {"code": Code(error["code"])}),
        "completed_at": None if completed is None else from_micros(completed),
    }
    return Ended(session_id, seq, message_id, **fields)
