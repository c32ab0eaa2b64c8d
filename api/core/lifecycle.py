"""The life of a message, as a table of allowed moves."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Status(StrEnum):
    PENDING = "pending"
    STREAMING = "streaming"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def terminal(self) -> bool:
        """A terminal message never changes again."""
        return not MOVES[self]


_ENDS = frozenset({Status.COMPLETE, Status.CANCELLED, Status.FAILED, Status.INTERRUPTED})

MOVES: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: _ENDS | {Status.STREAMING},
    Status.STREAMING: _ENDS,
    Status.COMPLETE: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.FAILED: frozenset(),
    Status.INTERRUPTED: frozenset(),
}

RUNNING = tuple(status for status in Status if MOVES[status])


class IllegalMoveError(Exception):
    """A message was asked to take a step that its life does not have."""

    def __init__(self, before: Status, after: Status) -> None:
        super().__init__(f"a message cannot go from {before} to {after}")
        self.before = before
        self.after = after


def move(before: Status, after: Status) -> Status:
    """`after`, if the table allows it; raises IllegalMoveError otherwise."""
    if after not in MOVES[before]:
        raise IllegalMoveError(before, after)
    return after
