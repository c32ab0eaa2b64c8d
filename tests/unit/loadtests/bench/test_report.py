"""The page shows what was measured, and nothing else."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from loadtests.bench.chart import LOOKS, chart
from loadtests.bench.figures import percentile, short
from loadtests.bench.plan import MEASURES
from loadtests.bench.report import BY_HAND, KEPT_BELOW, by_hand, page
from loadtests.bench.results import Results
from loadtests.bench.table import table
from loadtests.bench.targets import TARGETS, Target, bound, judged


@pytest.mark.parametrize(("percent", "found"), [(0, 1), (50, 2), (75, 3), (99, 4), (100, 4)])
def test_a_percentile_is_one_of_the_values(percent: float, found: float) -> None:
    assert percentile([4, 1, 3, 2], percent) == found


@pytest.mark.parametrize(
    ("number", "said"), [(0.6417, "0.64"), (17.28, "17.3"), (1050.4, "1,050"), (float("nan"), "—")]
)
def test_numbers_have_as_many_digits_as_one_reads(number: float, said: str) -> None:
    assert short(number) == said
    assert short(percentile([], 50)) == "—"


def test_a_share_is_of_what_the_other_took_in_the_same_run(results: Results) -> None:
    third = TARGETS[0]
    assert bound(third, results) == pytest.approx(6)
    assert judged(third, results) == "reached"
    results.rows = [each for each in results.rows if each.cell.peer != "langserve"]
    assert judged(third, results) == "not measured"


@pytest.mark.parametrize(
    ("kind", "least", "verdict"),
    [("at least", 150, "reached"), ("at least", 151, "missed"), ("at most", 149, "missed")],
)
def test_a_target_is_reached_at_its_bound(results: Results, kind: str, least: float, verdict: str) -> None:
    target = Target("clients", "steadychat", "most", "clients", least, kind)  # type: ignore[arg-type]  # a literal
    assert judged(target, results) == verdict


def test_every_target_is_of_a_figure_that_is_measured() -> None:
    for target in TARGETS:
        assert target.peer in MEASURES[target.measure].peers, target.words


def test_the_page_has_figures_where_there_are_some(results: Results) -> None:
    text = page(results, "")
    assert "| LangServe | 18.0 | 5,000 | — |" in text
    assert "| Chainlit (not measured) | — |" in text
    assert "| naive WebSocket, free chain | — | — | ≥ 700 |" in text
    assert "| at most 6.0 s | 5.0 s | reached |" in text
    assert "2026-01-02, commit `0123456789`" in text
    assert "Failed: burst of naive WebSocket: NotStarted: naive WebSocket: no such module\n" in text
    assert "nan" not in text


def test_what_is_written_by_hand_stays(results: Results, tmp_path: Path) -> None:
    file = tmp_path / "performance.md"
    assert by_hand(file) == BY_HAND
    file.write_text(page(results, "## What paid\n\nMuch.\n"))
    assert by_hand(file) == "## What paid\n\nMuch.\n"
    assert page(results, by_hand(file)) == file.read_text()
    assert file.read_text().count(KEPT_BELOW) == 1


def test_the_table_of_a_terminal_has_a_line_for_each_that_was_tried(results: Results) -> None:
    lines = table(results).splitlines()
    assert any(line.startswith("naive WebSocket ") for line in lines)
    assert not any(line.startswith("Chainlit") for line in lines)
    assert f"missed       {TARGETS[1].words}" in lines


@pytest.mark.parametrize("look", LOOKS)
def test_the_picture_is_an_svg_of_what_was_measured(results: Results, look: str) -> None:
    root = ET.fromstring(chart(results, look))  # noqa: S314 - our own
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[1:3] == ["Steadychat", "150"]
    assert "Chainlit" not in texts
    assert len(list(root.iter("{http://www.w3.org/2000/svg}rect"))) == 3
