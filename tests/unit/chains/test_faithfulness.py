from __future__ import annotations

import pytest

from chains.faithfulness import unfaithful_segments

PASSAGES = ["One is true. Two is too.", "Three stands here."]


@pytest.mark.parametrize(
    "answer", ["One is true. [1]", "One is true. Two is too. [1]\n\nThree stands here. [2]", ""]
)
def test_what_stands_in_its_passage_is_faithful(answer: str) -> None:
    assert unfaithful_segments(answer, PASSAGES) == []


@pytest.mark.parametrize(
    ("answer", "bad"),
    [
        ("One is true. [2]", ["One is true."]),
        ("One is true. Four is not. [1]", ["Four is not."]),
        ("One is true. [3]", ["One is true."]),
        ("One is true. [1] And so on.", ["And so on."]),
    ],
)
def test_what_does_not_is_named(answer: str, bad: list[str]) -> None:
    assert unfaithful_segments(answer, PASSAGES) == bad
