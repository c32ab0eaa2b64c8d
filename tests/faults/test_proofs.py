"""Proofs can be cut, continued and repeated, and what is written down is what was measured."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests.faults import proofs
from tests.faults.launching import Command
from tests.faults.proofs import Measured, Proof, Row, Trial, run
from tests.faults.prove import main
from tests.faults.report import report
from tests.faults.results import Result, Results


def trial(folder: Path, size: int = 10, first: int = 0, deadline: float | None = None) -> Trial:
    return Trial(size, 7, folder, Command(), first=first, deadline=deadline)


async def nothing(_: Trial) -> Measured:
    return Measured()


def test_a_trial_alone_meets_the_same_chance_as_among_others(tmp_path: Path) -> None:
    among = [trial(tmp_path).random(number).random() for number in range(10)]
    assert trial(tmp_path, first=4).random(4).random() == among[4]
    assert len(set(among)) == 10


def test_a_proof_that_was_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    made: list[int] = []

    async def until_three(trial: Trial) -> Measured:
        for number in trial.numbers():
            made.append(number)
            trial.cut = len(made) == 3
        return trial.measured

    proof = Proof("x", 1, 10, until_three)
    first = run(proof, trial(tmp_path))
    assert first.trials == 3
    rest = run(proof, trial(tmp_path, first=first.trials))
    assert (made, first.trials + rest.trials) == (list(range(10)), 10)


def test_cut_while_some_run_at_once_no_trial_is_left_out(tmp_path: Path) -> None:
    made: list[int] = []

    async def at_once(trial: Trial) -> Measured:
        async def make(number: int, _: Random) -> Sequence[str]:
            await asyncio.sleep(0)
            made.append(number)
            trial.cut = trial.cut or number == 5
            return []

        return await trial.each(make, at_once=3)

    measured = run(Proof("x", 1, 10, at_once), trial(tmp_path))
    assert measured.trials < 10
    assert sorted(made) == list(range(measured.trials))


def test_when_the_time_is_over_no_trial_begins(tmp_path: Path) -> None:
    async def all_of_them(trial: Trial) -> Measured:
        return await trial.each(lambda *_: asyncio.sleep(0, []))

    assert run(Proof("x", 1, 10, all_of_them), trial(tmp_path, deadline=time.monotonic())).trials == 0


def test_what_a_trial_raises_is_a_failure_with_its_seed(tmp_path: Path) -> None:
    async def break_off(trial: Trial) -> Measured:
        for number in trial.numbers():
            if number == 2:
                raise ValueError("broken")
        return trial.measured

    async def fail_one(trial: Trial) -> Measured:
        async def make(number: int, _: Random) -> Sequence[str]:
            return ["lost", "doubled"] if number == 4 else []

        return await trial.each(make)

    measured = run(Proof("x", 1, 10, break_off), trial(tmp_path))
    [told] = measured.failures
    assert (measured.trials, measured.failed) == (2, 1)
    assert told.startswith("seed 7 trial 2: ValueError: broken (test_proofs.py:")
    measured = run(Proof("x", 1, 10, fail_one), trial(tmp_path))
    assert (measured.trials, measured.failures) == (10, ["seed 7 trial 4: lost", "seed 7 trial 4: doubled"])


def test_of_two_parts_counts_are_added_and_the_worst_figure_stays() -> None:
    both = Measured(2, ["a"], {"s": 1.0}, {"answers": 3}) + Measured(1, ["b"], {"s": 0.5}, {"answers": 4})
    assert both == Measured(3, ["a", "b"], {"s": 1.0}, {"answers": 7})


def test_all_failures_count_and_the_first_are_told() -> None:
    many = Measured()
    for number in range(30):
        many.fail(str(number))
    both = many + many
    assert (both.failed, both.failures) == (60, [str(number) for number in range(20)])


def test_a_proof_that_never_ends_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "WHOLE_S", 0.01)

    async def hang(_: Trial) -> Measured:
        await asyncio.Event().wait()
        raise AssertionError

    assert run(Proof("x", 1, 10, hang), trial(tmp_path)).failed == 1


def result(measured: Measured) -> Result:
    found = Result(4, "cuts", 500, 500, 7, "abc1234", "2026-01-01", "2 cores")
    found.add(measured, 60)
    return found


def test_results_are_kept_for_their_commit(tmp_path: Path) -> None:
    kept = result(Measured(80, [], {"s": 0.2}, {"answers": 160}))
    Results(tmp_path, "abc1234").save(kept)
    assert Results(tmp_path, "abc1234").load(4, "cuts") == kept
    other = Results(tmp_path, "def5678")
    assert (other.load(4, "cuts"), other.newest(4, "cuts")) == (None, kept)
    Results(tmp_path, "abc1234").drop(4, "cuts")
    assert other.newest(4, "cuts") is None


def test_the_report_tells_what_was_reached_and_what_was_not(tmp_path: Path) -> None:
    row = Row(4, "What is acknowledged survives", (Proof("cuts", 1, 500, nothing),))
    measured = Measured(80, [], {"s": 0.25}, {"answers": 160}, bars={"s": 0.3})
    cut = report([(row, [("cuts", result(measured))])])
    assert "| cuts | 80 of 500 | 0 | 3.8 % | 160 answers, s 0.25 of 0.3, 1.0 min | 7 | `abc1234` |" in cut
    failed = report([(row, [("cuts", result(Measured(500, ["seed 7 trial 4: lost"])))])])
    assert "| cuts | 500 | 1 |  |" in failed
    assert "- seed 7 trial 4: lost" in failed
    assert "`make prove ROW=4 ARGS=--again`" in failed
    assert "| cuts | not run |" in report([(row, [("cuts", None)])])
    broken = report([(row, [("cuts", result(Measured(0, ["it broke"])))])])
    assert "| cuts | 0 of 500 | 1 |" in broken


def test_what_was_measured_elsewhere_stays_in_the_report() -> None:
    first, second = (Row(number, "Kept", (Proof("cuts", 1, 500, nothing),)) for number in (1, 2))
    lost = Measured(500, ["seed 7 trial 4: lost"])
    page = report([(first, [("cuts", result(lost)), ("holes", result(Measured(90)))]), (second, [])])
    nothing_here = [(first, [("cuts", None), ("holes", None)]), (second, [])]
    assert report(nothing_here, page) == page
    again = report([(first, [("cuts", result(Measured(500))), ("holes", None)]), (second, [])], page)
    assert "| cuts | 500 | 0 |" in again
    assert "| holes | 90 of 500 |" in again
    assert "lost" not in again


def test_one_trial_is_repeated_by_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    proof = "kill -9 at random moments"
    assert main(["--row", "3", "--proof", proof, "--seed", "5", "--trial", "2"]) == 0
    told = capsys.readouterr().out
    assert "nothing is kept" in told
    assert f"ok 3 {proof}: 1 trials, 0 failures" in told


def test_a_row_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--row", "99"]) == 2
    assert "There is no row 99" in capsys.readouterr().out
