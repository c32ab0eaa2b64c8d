from __future__ import annotations

from chains.retrieval.judgement import answerable, confidence
from chains.retrieval.records import Evidence, Findings, Hit


def findings(similarity: float, coverage: float, indexed: int = 10_000, *scores: float) -> Findings:
    hits = tuple(Hit("h", "d", 0, "t", "x", None, None, each, similarity) for each in scores or (1.0, 0.9))
    return Findings("q", hits, Evidence(similarity, coverage), {}, indexed)


NOTHING = Findings("q", (), Evidence(0, 0), {}, 0)


def test_a_near_passage_with_the_questions_words_is_an_answer() -> None:
    assert answerable(findings(0.7, 0.8))


def test_a_far_passage_is_none_and_words_alone_do_not_make_one() -> None:
    assert not answerable(findings(0.2, 0.1))
    assert not answerable(findings(0.2, 1.0))


def test_words_decide_where_the_distance_is_in_doubt() -> None:
    assert answerable(findings(0.45, 0.9))
    assert not answerable(findings(0.45, 0.2))


def test_a_small_corpus_needs_less_since_the_nearest_is_not_near_by_chance() -> None:
    assert answerable(findings(0.4, 0.3, 10))
    assert not answerable(findings(0.4, 0.3, 10_000))


def test_nothing_found_is_never_an_answer() -> None:
    assert not answerable(NOTHING)
    assert confidence(NOTHING) == 0


def test_confidence_grows_with_each_of_its_figures_and_stays_from_0_to_1() -> None:
    low = confidence(findings(0.5, 0.5))
    assert 0 <= confidence(findings(0, 0)) < low < confidence(findings(0.7, 0.5)) <= 1
    assert low < confidence(findings(0.5, 0.9))
    assert low < confidence(findings(0.5, 0.5, 10_000, 1.0, 0.5))
    assert confidence(findings(1, 1, 10, 1.0)) <= 1
