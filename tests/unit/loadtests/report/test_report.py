"""A made-up load from its files to its report."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from loadtests.people.wrongs import Wrong
from loadtests.protocol.verify.violations import Kind
from loadtests.report.figures import Figures, Times, figures
from loadtests.report.gallery import charts
from loadtests.report.picture import main as draw
from loadtests.report.story import Story
from loadtests.report.writing import write_report

Line = dict[str, Any]  # Any: JSON
AT = 1_000_000.0
TEXT = "{http://www.w3.org/2000/svg}text"
LOAD = {
    "scenario": "storm",
    "words": "All <are> cut.",
    "users": 2,
    "duration_s": 10,
    "ui": False,
    "record": True,
}
RECKONING = {"confirmed": 7, "accepted": 8, "runs": 8, "violations": {}, "words": [], "locust": 0}


def second(at: float, **part: Any) -> Line:
    recovery = {"from_cut_s": 1.5, "from_connect_s": 0.02, "events": 5, "characters": 30, "recovered": True}
    plain: Line = {
        "at": AT + at,
        "users": 2,
        "times": {"first token": [0.02, 0.4], "whole answer": [2.0]},
        "lateness": {"0": 10, "30": 1},
        "recoveries": [recovery],
        "ends": {"complete": 1},
        "counts": {"characters": 100, "connections": 1},
        "violations": {},
        "words": [],
    }
    return plain | part


def sample(at: float, **part: float) -> Line:
    return {"at": AT + at, "memory_bytes": 1e8, "descriptors": 20.0, "tasks": 15.0, "cuts": 0} | part


def story(folder: Path, seconds: list[Line], samples: list[Line] | None = None, **reckoning: Any) -> Story:
    weather = {"at": AT + 5, "until": AT + 5, "kind": "CutAll", "words": "all connections are cut (rst)"}
    for name, lines in (
        ("observations", seconds),
        ("samples", samples or [sample(at, cuts=at, cpu_s=at / 2) for at in range(10)]),
        ("weather", [weather]),
    ):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "load.json").write_text(json.dumps(LOAD))
    (folder / "reckoning.json").write_text(json.dumps(RECKONING | reckoning))
    return Story.read(folder)


def good(folder: Path) -> Story:
    return story(folder, [second(at) for at in range(10)])


def test_what_was_written_is_added_up(tmp_path: Path) -> None:
    found = figures(good(tmp_path))
    assert found.reasons == []
    assert (found.confirmed, found.ends, found.characters, found.connections) == (
        7,
        {"complete": 10},
        1000,
        10,
    )
    assert found.waits["first token"] == Times(20, 0.02, 0.4, 0.4, 0.4)
    assert found.lateness.n == 110
    assert (found.recovered_pieces, found.recovered_characters, found.recovered_in_place) == (50, 300, 1)
    assert found.cuts == 9
    assert set(found.violations) == {*Kind, *Wrong}
    assert not any(found.violations.values())


@pytest.mark.parametrize(
    ("part", "reckoning", "reason"),
    [
        ({"violations": {Kind.SEQ_GAP: 2}}, {}, "2 violations"),
        ({}, {"violations": {Wrong.RUNS: 1}}, "1 violation"),
        ({}, {"confirmed": 0}, "no answer was verified"),
        ({}, {"locust": 2}, "Locust ended with status 2; see locust.log"),
    ],
)
def test_each_reason_to_fail_is_told_and_decides_the_status(
    tmp_path: Path, part: Line, reckoning: Line, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = figures(story(tmp_path, [second(0, **part)], **reckoning))
    assert found.reasons == [reason]
    assert write_report(tmp_path) == 1
    assert reason in capsys.readouterr().out
    assert reason in (tmp_path / "report.md").read_text()
    assert reason in (tmp_path / "report.html").read_text()
    assert json.loads((tmp_path / "result.json").read_text())["passed"] is False


def test_a_good_load_ends_with_0(tmp_path: Path) -> None:
    good(tmp_path)
    assert write_report(tmp_path) == 0
    assert json.loads((tmp_path / "result.json").read_text())["passed"] is True


def test_every_picture_is_sound_and_has_a_name(tmp_path: Path) -> None:
    found = charts(good(tmp_path))
    assert [chart.title for chart in found] == [
        "Time to the first token",
        "Lateness of tokens",
        "Coming back",
        "Answers a second",
        "Connections cut a second",
        "People",
        "Memory",
        "Descriptors and tasks",
        "Processor",
    ]
    for chart in found:
        svg = ET.fromstring(chart.svg)  # noqa: S314 - our own
        assert svg.get("aria-label")
        assert "nan" not in chart.svg


def test_the_cut_is_marked_in_what_people_felt(tmp_path: Path) -> None:
    marked = {chart.title for chart in charts(good(tmp_path)) if "all connections are cut" in chart.svg}
    assert {"Time to the first token", "Lateness of tokens", "Answers a second", "Memory"} <= marked


def test_words_in_the_page_are_escaped(tmp_path: Path) -> None:
    story(tmp_path, [second(0, violations={Kind.TEXT: 1}, words=["<script>alert(1)</script>"])])
    write_report(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "<script>" not in page
    assert "All &lt;are&gt; cut." in page


def test_nothing_measured_makes_a_report_that_says_so(tmp_path: Path) -> None:
    story(tmp_path, [], [sample(0)], confirmed=0)
    assert write_report(tmp_path) == 1
    assert "no answer was verified" in (tmp_path / "report.html").read_text()


def test_runs_that_could_not_be_counted_are_not_told_as_none(tmp_path: Path) -> None:
    good(tmp_path)
    (tmp_path / "load.json").write_text(json.dumps(LOAD | {"record": False}))
    write_report(tmp_path)
    assert "| runs of the chain | - | not counted" in (tmp_path / "report.md").read_text()
    assert json.loads((tmp_path / "result.json").read_text())["runs"] is None


def test_a_line_has_a_gap_where_the_server_was_away(tmp_path: Path) -> None:
    away = [sample(at) if at not in {4, 5, 6} else {"at": AT + at} for at in range(10)]
    found = charts(story(tmp_path, [second(at) for at in range(10)], away))
    assert next(chart for chart in found if chart.title == "Memory").svg.count("<polyline") == 2


def test_a_sample_from_before_the_load_does_not_count(tmp_path: Path) -> None:
    samples = [sample(-0.9, cpu_s=0), *(sample(at, cpu_s=1 + at / 10) for at in range(10))]
    assert story(tmp_path, [second(at) for at in range(10)], samples).sampled("cpu_s")[0] == (0, 1)


def test_a_load_begins_when_somebody_comes(tmp_path: Path) -> None:
    nobody = {"users": 0, "counts": {}, "times": {}, "lateness": {}, "recoveries": [], "ends": {}}
    found = story(tmp_path, [*(second(at, **nobody) for at in range(4)), *map(second, range(4, 10))])
    assert found.lasted_s == 5
    assert [deed["at"] for deed in found.weather] == [1]


def grown(folder: Path, hours: float, memory: float) -> Figures:
    """With this much more memory each hour, in percent of what it is in the middle."""
    steps = [hours * 3600 * part / 100 for part in range(101)]
    middle = hours * 3600 * 0.6  # of what comes after the warm-up
    samples = [sample(at, memory_bytes=1e8 * (1 + memory / 100 * (at - middle) / 3600)) for at in steps]
    return figures(story(folder, [second(at) for at in steps], samples))


def test_growth_is_told_in_percent_of_an_hour(tmp_path: Path) -> None:
    found = grown(tmp_path, 1, 0.5)
    assert found.growth == pytest.approx({"memory_bytes": 0.5, "descriptors": 0, "tasks": 0}, abs=1e-6)
    write_report(tmp_path)
    assert "| memory | +0.50 % |" in (tmp_path / "report.md").read_text()
    assert "<td>memory</td><td>+0.50 %</td>" in (tmp_path / "report.html").read_text()


def test_growth_of_a_short_load_is_not_told(tmp_path: Path) -> None:
    assert grown(tmp_path, 0.1, 0.5).growth == {}


def test_the_server_of_a_load_can_be_drawn_for_a_page_that_is_light_or_dark(tmp_path: Path) -> None:
    story(tmp_path, [second(at) for at in range(10)])
    assert draw([str(tmp_path), str(tmp_path / "soak")]) == 0
    light, dark = ((tmp_path / f"soak-{look}.svg").read_text() for look in ("light", "dark"))
    assert light != dark
    for each in (light, dark):
        titles = [text.text for text in ET.fromstring(each).iter(TEXT)]  # noqa: S314 - ours
        assert {"Memory", "Descriptors and tasks", "descriptors", "tasks"} <= {*titles}
        assert "light-dark" not in each


def test_a_picture_needs_a_load_and_a_name() -> None:
    assert draw([]) == 2
