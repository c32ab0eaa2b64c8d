"""A chain is told of whole exchanges, the newest that fit."""

import pytest

from api.core.history import exchanges

PAST = [("Q1", "A1"), ("Q2", "A2"), ("Q3", "A3")]


@pytest.mark.parametrize(("chars", "expected"), [(3, 0), (4, 1), (7, 1), (8, 2), (100, 3)])
def test_the_length_cuts_between_exchanges(chars: int, expected: int) -> None:
    assert exchanges(reversed(PAST), chars) == PAST[3 - expected :]


def test_nothing_older_is_told_behind_what_did_not_fit() -> None:
    newest_first = iter([("Q3", "A3"), ("Q2", "x" * 100), ("Q1", "A1")])
    assert exchanges(newest_first, 50) == [("Q3", "A3")]
    assert list(newest_first) == [("Q1", "A1")], "nor is it asked for"


def test_lengths_are_code_points() -> None:
    assert exchanges([("👍" * 5, "👍" * 5)], 10) == [("👍" * 5, "👍" * 5)]
