from __future__ import annotations

import pytest

from chains.retrieval.fusion import fused, normalised


def test_scores_are_stretched_from_0_to_1() -> None:
    assert normalised({1: 2.0, 2: 4.0, 3: 3.0}) == {1: 0.0, 2: 1.0, 3: 0.5}


@pytest.mark.parametrize("scores", [{1: 5.0}, {1: 5.0, 2: 5.0}])
def test_equal_scores_are_all_best(scores: dict[int, float]) -> None:
    assert set(normalised(scores).values()) == {1.0}


def test_dense_counts_for_six_tenths_and_words_for_four() -> None:
    assert fused({1: 1.0, 2: 0.0}, {2: 9.0, 3: 0.0}) == pytest.approx({1: 0.6, 2: 0.4, 3: 0.0})


def test_the_best_comes_first() -> None:
    assert list(fused({1: 0.1, 2: 0.9, 3: 0.5}, {})) == [2, 3, 1]


def test_nothing_found_is_nothing_fused() -> None:
    assert fused({}, {}) == {}
