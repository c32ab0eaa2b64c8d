import re

import pytest

from loadtests.report.svg import Plot, across, linear, logarithmic, nice, up


@pytest.mark.parametrize(("step", "found"), [(0.7, 1), (1, 1), (1.1, 2), (3, 5), (6, 10), (23, 50)])
def test_steps_are_round(step: float, found: float) -> None:
    assert nice(step) == pytest.approx(found)


def test_a_scale_has_room_for_the_highest_value() -> None:
    scale = linear(0, 37, 200, 0)
    assert scale.high >= 37
    assert scale(0) == 200
    assert 0 <= scale(37) < 200
    assert scale.ticks == (0, 10, 20, 30, 40)


def test_powers_of_ten_are_equally_far_apart() -> None:
    scale = logarithmic(0.002, 5, 100, 0)
    assert scale.ticks == pytest.approx((0.001, 0.01, 0.1, 1, 10))
    assert [scale(tick) for tick in scale.ticks] == [100, 75, 50, 25, 0]
    assert scale(0) == 100, "what is below the scale stands on its edge"


def plot() -> Plot:
    return Plot(across(0, 60), up(10), str, str, "A plot of <this>")


def test_a_line_is_broken_where_nothing_was_known() -> None:
    found = plot()
    found.line([(0, 1), (1, 2), (30, 3), (31, 4)], "c1", longest=5)
    assert found.text().count("<polyline") == 2


def test_a_single_point_is_a_dot() -> None:
    found = plot()
    found.line([(5, 5)], "c1", 1)
    assert found.text().count("<circle") == 1


def test_a_band_lies_behind_and_an_instant_is_wide_enough_to_be_seen() -> None:
    found = plot()
    found.dots([(1, 1)], "c1")
    found.mark(10, 20, "a tunnel")
    found.mark(30, 30, "a cut")
    text = found.text()
    assert text.index("a tunnel") < text.index("<circle")
    assert re.search(r'class="mark instant"[^>]*width="2.0"', text)


def test_words_are_escaped() -> None:
    found = plot()
    found.mark(1, 2, "<script>")
    assert "<script>" not in found.text()
    assert 'aria-label="A plot of &lt;this&gt;"' in found.text()
