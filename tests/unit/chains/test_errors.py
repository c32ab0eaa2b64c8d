from __future__ import annotations

from chains.errors import ChainRefused, UnsupportedPiece


def test_a_refusal_is_one_line_that_names_the_chain() -> None:
    refusal = ChainRefused("mine", "it broke\n  in two places")
    assert str(refusal) == "chain mine: it broke in two places"
    assert refusal.chain == "mine"


def test_an_unsupported_piece_names_what_was_found() -> None:
    assert "yielded int" in str(UnsupportedPiece("int"))
