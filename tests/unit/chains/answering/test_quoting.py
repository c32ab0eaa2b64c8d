from __future__ import annotations

import pytest

from chains.answering.quoting import Quoter, spoken
from chains.faithfulness import unfaithful_segments
from chains.retrieval.records import Evidence, Findings, Hit
from chains.retrieval.stems import Stemmer


def hit(text: str, score: float = 1.0, similarity: float = 0.6) -> Hit:
    return Hit("d-0", "d", 0, "Title", text, None, None, score, similarity)


def findings(*hits: Hit, words: str = "resume disconnect") -> Findings:
    weights = dict.fromkeys(Stemmer().stems([words])[0], 1.0)
    return Findings("q", hits, Evidence(0.6, 1.0), weights, 10)


def answer(*hits: Hit) -> str:
    return spoken(Quoter(Stemmer()).quotes(findings(*hits)))


LONG = (
    "A client keeps its cursor over a break. The weather was rather fine that day. "
    "Nobody knew what it meant. Birds sang in the old trees. "
    "To resume after a disconnect it sends the cursor. All was quiet again there."
)


def test_the_first_sentence_and_the_best_others_are_quoted_in_their_order() -> None:
    said = answer(hit(LONG))
    assert said.startswith("A client keeps its cursor over a break.")
    assert "To resume after a disconnect it sends the cursor." in said
    assert "Birds sang" not in said


def test_every_run_is_followed_by_its_own_citation() -> None:
    said = answer(hit(LONG))
    assert said.count("[1]") == 2
    assert unfaithful_segments(said, [LONG]) == []


def test_further_passages_follow_only_where_they_are_nearly_as_good() -> None:
    other = "Others resume too after they disconnect."
    assert "[2]" in answer(hit(LONG), hit(other, 0.9))
    assert "[2]" not in answer(hit(LONG), hit(other, 0.3))
    assert "[2]" not in answer(hit(LONG), hit(other, 0.9, 0.1))


def test_the_same_sentence_is_not_quoted_twice() -> None:
    assert "[2]" not in answer(hit(LONG), hit("A client keeps its cursor over a break.", 0.9))


def test_a_colon_brings_its_code_or_its_list_along() -> None:
    code = "To resume after a disconnect run this:\n\n```sh\nmake resume\n```"
    assert answer(hit(code)) == f"{code}\n\n[1]"
    listed = "To resume after a disconnect do this:\n- open it\n- send it"
    assert answer(hit(listed)) == f"{listed} [1]"


def test_a_passage_without_prose_is_quoted_only_where_there_is_nothing_better() -> None:
    table = hit("| resume | disconnect |\n|---|---|")
    assert answer(table, hit("They resume after a disconnect.", 0.9)) == "They resume after a disconnect. [1]"
    assert answer(table).startswith("| resume")


@pytest.mark.parametrize("text", ["x[1]", "", "   "])
def test_what_cannot_be_quoted_is_no_answer(text: str) -> None:
    assert answer(hit(text)) == ""


def test_nothing_found_is_nothing_said() -> None:
    assert answer() == ""
