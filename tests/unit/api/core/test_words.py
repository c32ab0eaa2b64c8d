"""Words are compared without case, accents and punctuation, in every script."""

import hypothesis
import pytest
from hypothesis import strategies

from api.core import words
from api.core.errors import ChatError
from api.core.query import parse
from api.core.words import composed, fold, owners_term, owners_terms, unfolded

ALL_SORTS = 'aeZéßİﬁ19 ,.-_*"\n\0模型のไทยहिन्दी한ёש🎉'


def terms(text: str) -> list[str]:
    """The terms of a text, without the mark of their owner."""
    mark = len(owners_term("ann", ""))
    return [term[mark:] for term in owners_terms("ann", text).split()]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("snake_case and kebab-case", ["snake", "case", "case", "and", "kebab"]),
        ("Café CAFE\u0301", ["cafe", "cafe"]),
        ("Straße ﬁne \uff26\uff35\uff2c\uff2c", ["strasse", "fine", "full"]),
        ("İstanbul", ["istanbul"]),
        ("ёлка Ёлка", ["елка", "елка"]),
        ("שָׁלוֹם مُحَمَّد", ["שלום", "محمد"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("대한민국 \u1112\u1161\u11ab", ["대한민국", "한"]),
        ("大模型 GPT模", ["大模", "模型", "型", "gpt", "模"]),
        ("ไทย", ["ไท", "ทย", "ย"]),
        ("* \" ' ( ) \0 _ 🎉", []),
        ("3.14", ["3", "14"]),
    ],
)
def test_what_a_text_is_found_by(written: str, folded: list[str]) -> None:
    assert terms(written) == folded


def test_a_word_counts_three_times_at_most() -> None:
    assert terms("no no no no no yes") == ["no", "no", "no", "yes"]


def test_a_very_long_word_is_found_by_its_beginning() -> None:
    assert terms("x" * 1000) == ["x" * words.TERM_CHARS]


def test_what_lies_too_far_behind_is_not_found() -> None:
    text = "near " + " " * words.INDEXED_CHARS + "far"
    assert terms(text) == ["near"]


def test_no_owners_terms_begin_like_anothers() -> None:
    marks = {owners_term(user, "") for user in ("ann", "bob", "ann1", "", "\ud800")}
    assert len(marks) == 5
    assert len({len(mark) for mark in marks}) == 1


@hypothesis.given(strategies.text())
def test_terms_hold_nothing_that_sqlite_takes_for_the_end_of_a_word(text: str) -> None:
    assert all(
        term and all(letter.isalnum() or not letter.isascii() for letter in term) for term in terms(text)
    )


@hypothesis.given(strategies.text(ALL_SORTS, max_size=200), strategies.data())
def test_a_text_is_found_by_whatever_is_copied_out_of_it(text: str, data: strategies.DataObject) -> None:
    """From the beginning of a word on, that is."""
    starts = [0, *(i + 1 for i, letter in enumerate(text) if letter.isspace())]
    start = data.draw(strategies.sampled_from(starts))
    copied = text[start : data.draw(strategies.integers(start, len(text)))]
    try:
        query = parse(copied)
    except ChatError:
        return
    held = terms(text)
    assert set(query.whole) <= set(held)
    assert all(any(term.startswith(begun) for term in held) for begun in query.begun)


@hypothesis.given(strategies.text())
def test_a_place_in_the_folded_text_is_found_in_the_text(text: str) -> None:
    text = composed(text)
    at = 0
    for index, character in enumerate(text):
        if fold(character):
            assert unfolded(text, at) == index
        at += len(fold(character))
    assert len(fold(text)) == at


def test_what_was_learnt_of_characters_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_MOST_FOLDS", 10)
    assert fold("".join(map(chr, range(0xC0, 0x250)))) == fold("".join(map(chr, range(0xC0, 0x250))))
    assert len(words._FOLDS) <= 10
