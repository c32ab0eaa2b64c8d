"""The rows that an ack speaks of."""

from dataclasses import dataclass

from loadtests.protocol.conversation.state import Conversation
from loadtests.protocol.frames import Frame


@dataclass(frozen=True, slots=True)
class Asked:
    """What an ack answers: a question with this content, or a new attempt at the answer `retry_of`."""

    content: str | None
    retry_of: str | None = None


def ack_rows(state: Conversation, ack: Frame, asked: Asked) -> list[Frame]:
    """Return the rows that join the run of messages held.

    A send makes two, by the index that the ack tells. A retry makes one: only a session's newest answer is
    ever tried again, so the new attempt comes next after the one that it replaces. Where the neighbours are
    not held, the rows come with their page or their events.
    """
    answer = _blank(ack) | {"id": ack["pending_message_id"], "reply_to": ack["user_message_id"]}
    if asked.retry_of is not None:
        before = state.rows.get(asked.retry_of)
        mine = {"retry_of": asked.retry_of, "client_message_id": ack["client_message_id"]}
        return [] if before is None else [answer | mine | {"index": before.index + 1}]
    oldest = state.oldest_index
    if oldest is not None and ack["index"] < oldest:
        return []
    question = _blank(ack) | {
        "id": ack["user_message_id"],
        "index": ack["index"],
        "role": "user",
        "content": asked.content or "",
        "status": "complete",
        "client_message_id": ack["client_message_id"],
    }
    return [question, answer | {"index": ack["index"] + 1}]


def _blank(ack: Frame) -> Frame:
    return {
        "session_id": ack["session_id"],
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
        "created_at": "",
        "completed_at": None,
    }
