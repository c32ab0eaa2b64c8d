"""What a chat is made of: sessions, messages and positions in a session's log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from api.core.errors import Problem
from api.core.lifecycle import Role, Status

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"


class Position(NamedTuple):
    """A place in a session's log: everything up to and including `seq` has been read."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `index` is 1, 2, 3 … in its session; `content` of a running answer is the text so far."""

    id: str
    session_id: str
    index: int
    role: Role
    content: str
    status: Status
    created_at: datetime
    client_message_id: str | None = None
    reply_to: str | None = None
    retry_of: str | None = None
    sources: tuple[Mapping[str, JSON], ...] = ()
    confidence: float | None = None
    generation_time_ms: int | None = None
    error: Problem | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation. `revision` grows with every change; of two representations the higher one wins."""

    id: str
    title: str
    chain: str
    revision: int
    created_at: datetime
    updated_at: datetime
    message_count: int = 0
    last_message_preview: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that a search has found, with the surroundings of what was looked for."""

    session_id: str
    message_id: str
    index: int
    excerpt: str


class Verdict(StrEnum):
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a user thinks of an answer."""

    value: Verdict
    comment: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A message with all that is kept about it; `superseded` if a newer attempt is shown in its place."""

    message: Message
    superseded: bool
    feedback: Feedback | None
