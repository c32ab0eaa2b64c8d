from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chains.answering.citations import Citations


def rewritten(pieces: list[str], passages: int = 6) -> tuple[str, list[int]]:
    citations = Citations(passages)
    text = "".join(map(citations.feed, pieces)) + citations.flush()
    return text, citations.cited


def test_citations_are_numbered_in_the_order_of_their_first_use() -> None:
    assert rewritten(["a [5], b [2], c [5]."]) == ("a [1], b [2], c [1].", [4, 1])


def test_a_citation_may_be_split_over_pieces() -> None:
    assert rewritten(["a [", "3", "]", " b"]) == ("a [1] b", [2])


def test_a_citation_of_no_passage_is_left_out() -> None:
    assert rewritten(["a [9] [0] b"]) == ("a   b", [])


def test_other_brackets_stay() -> None:
    assert rewritten(["x[y] and [1"]) == ("x[y] and [1", [])


@given(st.text(st.sampled_from("a[]123 "), max_size=40), st.integers(1, 5))
def test_the_cut_into_pieces_changes_nothing(text: str, size: int) -> None:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert rewritten(pieces) == rewritten([text])
