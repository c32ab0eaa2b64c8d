from __future__ import annotations

from chains.retrieval.stems import Stemmer, content_words, words


def test_words_are_lower_case_and_come_once() -> None:
    assert words("To be, or NOT to be") == ["to", "be", "or", "not"]


def test_stop_words_are_left_out_unless_there_is_nothing_else() -> None:
    assert content_words("How do I resume it?") == ["resume"]
    assert content_words("How do I?") == ["how", "do", "i"]


def test_stems_are_those_of_the_full_text_index() -> None:
    assert Stemmer().stems(["Connections connected", "", "a\ud800\0b"]) == [
        ["connect", "connect"],
        [],
        ["a", "b"],
    ]
