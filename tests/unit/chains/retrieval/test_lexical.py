from __future__ import annotations

import sqlite3

import pytest

from chains.retrieval.lexical import MAX_TERMS, match_expression


@pytest.mark.parametrize(
    ("question", "expression"),
    [
        ("How do I resume?", '"resume"'),
        ('a "quoted" NEAR(b)', '"quoted" OR "near" OR "b"'),
        ("", ""),
        ("?!", ""),
    ],
)
def test_words_are_quoted_so_that_no_operator_gets_through(question: str, expression: str) -> None:
    assert match_expression(question) == expression


def test_a_very_long_question_is_cut() -> None:
    assert match_expression(" ".join(f"w{n}" for n in range(1000))).count(" OR ") == MAX_TERMS - 1


def test_every_expression_is_understood_by_fts5() -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
    for odd in ("ª º ²", "़ ्", "_ __ ___", "日本語"):
        if expression := match_expression(odd):
            database.execute("SELECT * FROM words WHERE words MATCH ?", [expression])
    database.close()
