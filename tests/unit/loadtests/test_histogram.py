import random

import pytest

from loadtests.histogram import GROWTH, SMALLEST_S, Histogram


def test_percentiles_are_at_most_a_twelfth_too_high() -> None:
    dice = random.Random(1)
    times = sorted(dice.lognormvariate(-4, 1.5) for _ in range(5000))
    found = Histogram.of(times)
    for percent in (1, 50, 95, 99, 100):
        true = times[max(0, -(-len(times) * percent // 100) - 1)]
        value = found.percentile(percent)
        assert value is not None
        assert max(true, SMALLEST_S) <= value * (1 + 1e-9) <= max(true, SMALLEST_S) * GROWTH * (1 + 1e-6)


def test_it_adds_up_and_survives_json() -> None:
    found, more = Histogram.of([0.001, 0.5]), Histogram.of([0.5, 9.0])
    found.merge(more)
    assert len(found) == 4
    assert Histogram.read(found.json()).buckets == found.buckets


@pytest.mark.parametrize("percent", [0, 50, 100])
def test_nothing_has_no_percentile(percent: float) -> None:
    assert Histogram().percentile(percent) is None
