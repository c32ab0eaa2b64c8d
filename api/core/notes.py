"""What happened to a message: notes made on its way, and what its own row tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from api.core.errors import Code
from api.core.lifecycle import Status
from api.core.records import JSON


class What(StrEnum):
    # Told by the rows of messages.
    ACCEPTED = "accepted"
    ENDED = "ended"
    RETRIED = "retried"
    # Noted of one answer.
    STARTED = "started"
    FIRST_PIECE = "first_piece"
    STOP_ASKED = "stop_asked"
    SERVER_LEFT = "server_left"
    ABANDONED = "abandoned"
    # Noted of a session.
    FOLLOWER_CAME = "follower_came"
    FOLLOWER_RESUMED = "follower_resumed"
    FOLLOWER_LEFT = "follower_left"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened, to the answer `message_id` if there is one. Nobody wrote any of it."""

    at: datetime
    what: What
    message_id: str | None = None
    detail: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An answer without its text. `created_seq` and `ended_seq` are its first and its last event."""

    message_id: str
    created_at: datetime
    created_seq: int
    status: Status
    retry_of: str | None = None
    completed_at: datetime | None = None
    ended_seq: int | None = None
    generation_time_ms: int | None = None
    code: Code | None = None
    error_id: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is known of some attempts at one question.

    `following` is the message after them. `notes` are of the attempts and of all that followed the
    session; those of one kind are in the order in which they were made.
    """

    attempts: Sequence[Attempt]
    following: Attempt | None
    notes: Sequence[Note]
