"""Rows of the history as records."""

import orjson

from api.core.lifecycle import Role, Status
from api.core.records import Message, Session
from api.database.prepared import Row
from api.database.records import load_problem
from api.database.times import from_micros


def to_message(row: Row, content: str | None = None) -> Message:
    """`content` replaces the column's while the answer is running: its text is in the log then."""
    return Message(
        id=row.id,
        session_id=row.session_id,
        index=row.number,
        role=Role(row.role),
        content=row.content if content is None else content,
        status=Status(row.status),
        created_at=from_micros(row.created_at),
        client_message_id=row.client_message_id,
        reply_to=row.reply_to,
        retry_of=row.retry_of,
        sources=() if row.sources is None else tuple(orjson.loads(row.sources)),
        confidence=row.confidence,
        generation_time_ms=row.generation_time_ms,
        error=load_problem(row.error),
        completed_at=None if row.completed_at is None else from_micros(row.completed_at),
    )


def to_session(row: Row) -> Session:
    return Session(
        id=row.id,
        title=row.title,
        chain=row.chain,
        revision=row.revision,
        created_at=from_micros(row.created_at),
        updated_at=from_micros(row.updated_at),
        message_count=row.message_count,
        last_message_preview=row.last_message_preview,
    )


def preview(text: str, limit: int = 120) -> str:
    """The beginning of `text` on one line."""
    line = " ".join(text.lstrip()[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
