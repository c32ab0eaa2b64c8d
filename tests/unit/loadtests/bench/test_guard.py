"""The guard decides when it is sure, and not before."""

import math

import pytest

from loadtests.bench.guard import FEWEST, MOST, TURNS, Compared, baseline


def compared(ratio: float, turns: int, spread: float = 0.01) -> Compared:
    """So many turns around a ratio, every other one above it."""
    return Compared([(ratio * 10 * math.exp(spread * (-1) ** number), 10.0) for number in range(turns)])


def test_the_ratio_is_the_mean_of_turns_and_knows_no_unit() -> None:
    assert Compared([(2.0, 1.0), (16.0, 2.0)]).ratio == pytest.approx(4)


@pytest.mark.parametrize(("ratio", "exceeds"), [(1.0, False), (1.2, False), (1.5, True), (3.0, True)])
def test_a_clear_ratio_is_decided_after_few_turns(ratio: float, exceeds: bool) -> None:
    assert compared(ratio, FEWEST).exceeds(4 / 3) is exceeds


def test_too_few_turns_decide_nothing() -> None:
    assert compared(9.0, FEWEST - 1).exceeds(4 / 3) is None


def test_turns_that_differ_much_decide_nothing_until_there_are_many() -> None:
    assert compared(1.3, FEWEST, spread=0.3).exceeds(4 / 3) is None
    assert compared(1.3, MOST, spread=0.3).exceeds(4 / 3) is False


def test_the_baseline_has_a_ratio_for_each_chain() -> None:
    assert set(baseline()) == set(TURNS)
    assert all(ratio > 0 for ratio in baseline().values())
