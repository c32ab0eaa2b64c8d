"""What can happen in a session. One event is one committed row of its log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from api.core.errors import Problem
from api.core.lifecycle import Status
from api.core.records import JSON, Message

PIECE_BYTES = 16 * 1024
"""A piece holds at most this much UTF-8."""


@dataclass(frozen=True, slots=True)
class Created:
    """A message came into being: the user's, or the pending answer."""

    session_id: str
    seq: int
    message: Message

    @property
    def message_id(self) -> str:
        return self.message.id


class Piece(Struct, frozen=True, array_like=True, gc=False):
    """A piece of an answer. `at` is the offset of its first code point in the whole text.

    There is one for every token, and many are kept for a while. So it is of a kind that the collector need
    not look at, as it can be in no cycle. As JSON it is an array.
    """

    session_id: str
    seq: int
    message_id: str
    at: int
    content: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An answer reached a terminal status. `length` and `crc32` describe its whole text."""

    session_id: str
    seq: int
    message_id: str
    status: Status
    length: int
    crc32: str
    sources: tuple[Mapping[str, JSON], ...] = ()
    confidence: float | None = None
    generation_time_ms: int | None = None
    error: Problem | None = None
    completed_at: datetime | None = None


Event: TypeAlias = Created | Piece | Ended
