"""Events come to the other servers as they were committed, or not at all."""

from datetime import UTC, datetime

import pytest

from api.core.errors import Code, Problem
from api.core.events import Created, Ended, Event, Piece
from api.core.lifecycle import Role, Status
from api.core.records import Message
from api.log import telling
from api.log.telling import Told, dumped, loaded

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUESTION = Message("q", "s", 1, Role.USER, "Why ☂?", Status.COMPLETE, NOW, "k", completed_at=NOW)
EVENTS: list[Event] = [
    Created("s", 1, QUESTION),
    Created("s", 2, Message("a", "s", 2, Role.ASSISTANT, "", Status.PENDING, NOW, reply_to="q")),
    Piece("s", 3, "a", 0, "Be"),
    Piece("s", 4, "a", 2, "cause \u2028 😀"),
    Ended("s", 5, "a", Status.COMPLETE, 11, "0badcafe", ({"id": "1", "score": 0.5},), 0.9, 12, None, NOW),
    Ended(
        "s",
        5,
        "a",
        Status.FAILED,
        11,
        "0badcafe",
        error=Problem(Code.CHAIN_FAILED, "It broke.", retryable=True),
    ),
]


@pytest.mark.parametrize("whole", [True, False])
def test_events_come_as_they_were_committed(whole: bool) -> None:
    assert loaded("s", dumped(Told(EVENTS, whole))) == Told(EVENTS, whole)


def test_of_what_is_too_long_only_that_it_is_there_is_told() -> None:
    long = [Piece("s", number, "a", 0, "x" * 16_000) for number in range(20)]
    message = dumped(Told(long, all=True))
    assert len(message) < 100
    assert loaded("s", message) == Told([])


def test_what_another_version_tells_is_looked_up() -> None:
    assert loaded("s", b'[2,{"anything":"else"}]') == Told()
    assert telling.FORM == 1
