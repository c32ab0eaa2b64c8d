from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.answering.sentences import looks_like_citation, quotable, units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One here. Two there! Three?", ["One here.", "Two there!", "Three?"]),
        ("See e.g. Debian. Then go.", ["See e.g. Debian.", "Then go."]),
        ("It ran on version 3.11 of it.", ["It ran on version 3.11 of it."]),
        ('He said "no." She left.', ['He said "no."', "She left."]),
        ("A list:\n- one\n- two", ["A list:", "- one", "- two"]),
        ("First.\n\nSecond without end", ["First.", "Second without end"]),
        ("Run it:\n\n```sh\nmake run\n```\n\nDone.", ["Run it:", "```sh\nmake run\n```", "Done."]),
        ("| a | b. C |\n|---|---|\n| c. D | d |", ["| a | b. C |\n|---|---|", "| c. D | d |"]),
        ("", []),
    ],
)
def test_a_passage_is_cut_into_what_can_be_quoted(text: str, expected: list[str]) -> None:
    assert [each.text for each in units(text)] == expected


@given(st.text(st.sampled_from("aB1. !?\n-*|`~:[]"), max_size=80))
def test_units_are_exact_stretches_in_order_and_nothing_is_lost(text: str) -> None:
    found = units(text)
    assert all(text[each.start : each.end] == each.text for each in found)
    assert all(left.end <= right.start for left, right in itertools.pairwise(found))
    assert "".join("".join(each.text.split()) for each in found) == "".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "Too short.",
        "my $x = @{$y}; foreach (%z) { $q->w($_) }",
        "It says so in [1] of that list.",
        "# A heading of it",
    ],
)
def test_what_reads_badly_or_looks_like_a_citation_is_not_quoted(text: str) -> None:
    assert not quotable(text)


def test_plain_prose_is_quoted() -> None:
    assert quotable("A lost connection never loses text.")


def test_citations_are_known_by_their_form() -> None:
    assert looks_like_citation("x[0]")
    assert not looks_like_citation("x[y]")
