"""Records as the JSON objects of the protocol."""

from datetime import UTC, datetime

from api.core.errors import Problem
from api.core.notes import Note
from api.core.records import JSON, Feedback, Hit, Kept, Message, Session


def time_json(time: datetime) -> str:
    """RFC 3339, UTC, with `Z`."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def problem_json(problem: Problem) -> dict[str, JSON]:
    fields: dict[str, JSON] = {
        "code": problem.code.value,
        "message": problem.message,
        "retryable": problem.retryable,
    }
    if problem.retry_after_ms is not None:
        fields["retry_after_ms"] = problem.retry_after_ms
    if problem.error_id is not None:
        fields["error_id"] = problem.error_id
    return fields


def message_json(message: Message) -> dict[str, JSON]:
    return {
        "id": message.id,
        "session_id": message.session_id,
        "index": message.index,
        "role": message.role.value,
        "content": message.content,
        "status": message.status.value,
        "client_message_id": message.client_message_id,
        "reply_to": message.reply_to,
        "retry_of": message.retry_of,
        "sources": [dict(source) for source in message.sources],
        "confidence": message.confidence,
        "generation_time_ms": message.generation_time_ms,
        "error": None if message.error is None else problem_json(message.error),
        "created_at": time_json(message.created_at),
        "completed_at": None if message.completed_at is None else time_json(message.completed_at),
    }


def session_json(session: Session) -> dict[str, JSON]:
    return {
        "id": session.id,
        "title": session.title,
        "chain": session.chain,
        "revision": session.revision,
        "created_at": time_json(session.created_at),
        "updated_at": time_json(session.updated_at),
        "message_count": session.message_count,
        "last_message_preview": session.last_message_preview,
    }


def hit_json(hit: Hit) -> dict[str, JSON]:
    return {
        "session_id": hit.session_id,
        "message_id": hit.message_id,
        "index": hit.index,
        "excerpt": hit.excerpt,
    }


def note_json(note: Note) -> dict[str, JSON]:
    fields: dict[str, JSON] = {"at": time_json(note.at), "what": note.what.value}
    if note.message_id is not None:
        fields["message_id"] = note.message_id
    return fields | dict(note.detail)


def feedback_json(feedback: Feedback) -> dict[str, JSON]:
    return {
        "value": feedback.value.value,
        "comment": feedback.comment,
        "updated_at": time_json(feedback.updated_at),
    }


def kept_json(kept: Kept) -> dict[str, JSON]:
    """A message as an export has it, with all that is kept about it."""
    feedback = None if kept.feedback is None else feedback_json(kept.feedback)
    return message_json(kept.message) | {"superseded": kept.superseded, "feedback": feedback}
