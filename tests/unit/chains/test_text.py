from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.text import SurrogateJoiner, clean

ANY_TEXT = st.lists(st.text(st.characters(codec=None) | st.sampled_from("\0\ud83d\ude00")), max_size=6)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain", "plain"),
        ("a\0b", "a\ufffdb"),
        ("\ud83d", "\ufffd"),
        ("\ude00x", "\ufffdx"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\ud83dé", "\ufffdé"),
    ],
)
def test_nul_and_lone_surrogates_become_replacement_characters(raw: str, expected: str) -> None:
    assert clean(raw) == expected


def test_a_pair_split_over_two_pieces_is_one_character() -> None:
    joiner = SurrogateJoiner()
    assert [joiner.feed("a\ud83d"), joiner.feed("\ude00b"), joiner.flush()] == ["a", "\U0001f600b", ""]


def test_a_high_surrogate_at_the_end_is_replaced() -> None:
    joiner = SurrogateJoiner()
    assert joiner.feed("a\ud83d") + joiner.flush() == "a\ufffd"


@given(ANY_TEXT)
def test_pieces_clean_to_the_same_as_the_whole(pieces: list[str]) -> None:
    joiner = SurrogateJoiner()
    joined = "".join(map(joiner.feed, pieces)) + joiner.flush()
    assert joined == clean("".join(pieces))
    joined.encode()
