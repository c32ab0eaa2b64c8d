"""What was measured is kept whole, for its commit, and is not measured twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.bench.plan import Cell, cells
from loadtests.bench.results import Results, Row, begun, load, newest


def test_results_come_back_as_they_were_kept(results: Results, tmp_path: Path) -> None:
    assert load(results.save(tmp_path)) == results
    assert [file.name for file in tmp_path.iterdir()] == ["0123456789.json"]


def test_a_run_that_was_cut_goes_on_where_it_was(results: Results, tmp_path: Path) -> None:
    results.save(tmp_path)
    found = begun(results.origin, tmp_path)
    assert found.has(Cell("steadychat", "burst", 2))
    assert not found.has(Cell("steadychat", "burst", 3))
    assert not found.has(Cell("naive", "burst", 0)), "what failed is tried again"


@pytest.mark.parametrize(
    "change", [{"commit": "9876543210"}, {"machine": "another"}, {"versions": {"fastapi": "2"}}]
)
def test_other_code_or_machine_begins_anew(
    results: Results, tmp_path: Path, change: dict[str, object]
) -> None:
    results.save(tmp_path)
    assert begun(replace(results.origin, **change), tmp_path).rows == []  # type: ignore[arg-type]  # as given


def test_code_that_is_being_changed_begins_anew(results: Results, tmp_path: Path) -> None:
    results.origin = replace(results.origin, commit="0123456789+changes")
    results.save(tmp_path)
    assert begun(results.origin, tmp_path).rows == []


def test_a_committed_state_is_preferred_to_a_newer_one_with_changes(results: Results, tmp_path: Path) -> None:
    results.save(tmp_path)
    replace(results, origin=replace(results.origin, commit="9+changes")).save(tmp_path)
    found = newest(tmp_path)
    assert found is not None
    assert found.origin.commit == "0123456789"


def test_a_figure_is_the_median_of_its_repetitions(results: Results) -> None:
    assert results.figure("steadychat", "burst", "cpu_s_per_100k") == 5
    assert results.figure("chainlit", "burst", "cpu_s_per_100k") is None


def test_a_cell_that_is_measured_again_is_there_once(results: Results) -> None:
    results.add(Row(Cell("naive", "burst", 0), {"cpu_s_per_100k": 11.0}))
    assert len(results.of("naive", "burst")) == 1


def test_peers_take_turns_and_are_asked_only_what_they_have() -> None:
    found = list(cells(["burst", "idle"], ["steadychat", "langserve"], repeat=2))
    assert found[:3] == [
        Cell("steadychat", "burst", 0),
        Cell("langserve", "burst", 0),
        Cell("steadychat", "idle", 0),
    ]
    assert len(found) == 6
