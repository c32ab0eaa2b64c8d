"""Named moments at which a test may let the process die. Nothing outside of a test can arm one."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias


class Point(StrEnum):
    """Where an answer stands when the moment is reached."""

    AFTER_CLAIM = "after claim"
    """The generation has begun; nothing was pulled from its chain."""
    BEFORE_COMMIT = "before commit"
    """In the writer's thread: everything of a group is written and nothing committed."""
    AFTER_COMMIT = "after commit"
    """In the writer's thread: a group is committed, and nobody in the process knows."""
    BEFORE_ACK = "after commit before ack"
    """An acceptance is committed; its sender has not been told."""
    BEFORE_SEND = "after append before send"
    """Pieces are committed; no follower has been told."""
    BEFORE_TERMINAL = "before terminal"
    """How the answer ends is known, and not yet on its way to the database."""
    BEFORE_END_SENT = "after terminal before send"
    """The end is committed; no follower has been told."""


Reach: TypeAlias = Callable[[Point], None]


def nowhere(_: Point) -> None:
    """What is reached in production: nothing happens."""
