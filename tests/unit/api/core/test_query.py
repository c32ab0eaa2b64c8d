"""Whatever somebody types is a search or is refused in words, and what is found is shown on one line."""

import hypothesis
import pytest
from hypothesis import strategies

from api.core.errors import ChatError, Code
from api.core.query import EXCERPT_CHARS, QUERY_CHARS, Query, excerpt, parse


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("cat", Query((), ("cat",))),
        ("The cat sat", Query(("the", "cat"), ("sat",))),
        ("cat cat cat", Query(("cat",), ("cat",))),
        ('"cat" AND NOT (dog*)', Query(("cat", "and", "not"), ("dog",))),
        ("terms:cat -dog ^owl", Query(("terms", "cat", "dog"), ("owl",))),
        ("a\0b", Query(("a",), ("b",))),
        ("模型", Query(("模型",))),
        ("大模型 gp", Query(("大模", "模型"), ("gp",))),
        ("模", Query((), ("模",))),
        ("x" * 500, Query((), ("x" * 64,))),
    ],
)
def test_all_words_are_wanted_and_the_last_as_a_beginning(typed: str, query: Query) -> None:
    assert parse(typed) == query


@pytest.mark.parametrize("typed", ["", "  \n", "*", '"', "\0", "--", "🎉", "_"])
def test_a_search_for_no_word_is_refused_in_words(typed: str) -> None:
    with pytest.raises(ChatError, match="no word") as refused:
        parse(typed)
    assert refused.value.code is Code.INVALID


def test_a_search_that_is_too_long_is_refused_in_words() -> None:
    assert parse("a " * (QUERY_CHARS // 2))
    with pytest.raises(ChatError, match="Search for a few words"):
        parse("a" * (QUERY_CHARS + 1))


def test_a_short_text_is_shown_whole_on_one_line() -> None:
    assert excerpt("A cat\n\n  sat.", parse("cat")) == "A cat sat."


def test_of_a_long_text_the_surroundings_of_the_word_are_shown() -> None:
    shown = excerpt("before " * 100 + "Kätzchen" + " after" * 100, parse("katz"))
    assert shown.startswith("…before before")
    assert shown.endswith(" after…")
    assert "Kätzchen" in shown
    assert len(shown) <= EXCERPT_CHARS


def test_the_longest_word_is_the_one_that_is_shown() -> None:
    text = "the " * 100 + "database"
    assert excerpt(text, parse("the data")).endswith("the database")


def test_a_word_inside_another_is_not_what_was_found() -> None:
    text = "concatenate " * 50 + "a cat"
    assert excerpt(text, parse("cat")).endswith(" a cat")
    assert excerpt(text, parse("cat a")).endswith(" a cat")


def test_characters_that_fold_to_several_do_not_shift_the_place() -> None:
    assert "Ende" in excerpt("ß" * 300 + " Ende", parse("ende"))
    assert "Ende" in excerpt("e\u0301" * 300 + " Ende", parse("ende"))


def test_where_nothing_is_to_be_seen_the_beginning_is_shown() -> None:
    assert excerpt("abc", parse("xyz")) == "abc"
    assert excerpt("", parse("xyz")) == ""


@hypothesis.given(strategies.text(max_size=2000), strategies.text(min_size=1, max_size=5))
def test_an_excerpt_is_one_bounded_line(text: str, typed: str) -> None:
    try:
        query = parse(typed)
    except ChatError:
        return
    for whole in (text, text + typed + text):
        shown = excerpt(whole, query)
        assert len(shown) <= EXCERPT_CHARS
        assert len(shown.splitlines()) <= 1
