"""A chain is told of whole exchanges, the newest that fit."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.core.history import exchanges
from api.core.lifecycle import Role, Status
from api.core.records import Message

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def exchange(number: int, status: Status = Status.COMPLETE, text: str = "A") -> list[Message]:
    question = Message(
        f"q{number}", "s", number * 2 - 1, Role.USER, f"Q{number}", Status.COMPLETE, NOW
    )  # fmt: skip
    answer = Message(
        f"a{number}", "s", number * 2, Role.ASSISTANT, text and f"{text}{number}", status, NOW,
        reply_to=question.id,
    )  # fmt: skip
    return [question, answer]


def told(*messages: list[Message], limit: int = 40, chars: int = 64_000) -> list[tuple[str, str]]:
    return exchanges([each for both in messages for each in both], limit, chars)


def test_exchanges_are_told_in_order() -> None:
    assert told(exchange(1), exchange(2)) == [("Q1", "A1"), ("Q2", "A2")]


@pytest.mark.parametrize("status", [Status.FAILED, Status.INTERRUPTED, Status.PENDING, Status.STREAMING])
def test_an_answer_that_did_not_end_well_is_left_out_with_its_question(status: Status) -> None:
    assert told(exchange(1), exchange(2, status), exchange(3)) == [("Q1", "A1"), ("Q3", "A3")]


def test_a_cancelled_answer_counts_if_it_has_text() -> None:
    assert told(exchange(1, Status.CANCELLED), exchange(2, Status.CANCELLED, "")) == [("Q1", "A1")]


def test_the_newest_forty_messages_are_told() -> None:
    found = told(*(exchange(number) for number in range(1, 31)))
    assert [question for question, _ in found] == [f"Q{number}" for number in range(11, 31)]


@pytest.mark.parametrize(("limit", "expected"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)])
def test_the_limit_cuts_between_exchanges(limit: int, expected: int) -> None:
    assert len(told(*(exchange(number) for number in range(1, 6)), limit=limit)) == expected


@pytest.mark.parametrize(("chars", "expected"), [(3, 0), (4, 1), (7, 1), (8, 2), (100, 3)])
def test_the_length_cuts_between_exchanges(chars: int, expected: int) -> None:
    found = told(*(exchange(number) for number in range(1, 4)), chars=chars)
    assert found == [("Q1", "A1"), ("Q2", "A2"), ("Q3", "A3")][3 - expected :]


def test_nothing_older_is_told_behind_what_did_not_fit() -> None:
    long = [exchange(2)[0], replace(exchange(2)[1], content="x" * 100)]
    assert told(exchange(1), long, exchange(3), chars=50) == [("Q3", "A3")]


def test_lengths_are_code_points() -> None:
    wide = [replace(message, content="👍" * 5) for message in exchange(1)]
    assert told(wide, chars=10) == [("👍" * 5, "👍" * 5)]


def test_of_several_attempts_the_newest_is_told() -> None:
    again = replace(exchange(1)[1], id="a1b", index=5, content="Better", retry_of="a1")
    assert told(exchange(1), exchange(2), [again]) == [("Q1", "Better"), ("Q2", "A2")]


def test_an_answer_whose_question_is_not_at_hand_is_left_out() -> None:
    assert told(exchange(1)[1:], exchange(2)) == [("Q2", "A2")]
