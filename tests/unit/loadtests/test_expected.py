import pytest

from chains.script import Script
from loadtests.expected import Schedule, said


def test_a_script_without_faults_is_its_whole_text() -> None:
    assert said("tokens=30 piece_bytes=9") == Script(tokens=30, piece_bytes=9).text()


@pytest.mark.parametrize("form", ["dict", "text", "chunk"])
def test_what_cannot_be_stored_is_expected_as_it_is_stored(form: str) -> None:
    question = f"tokens=4 nul_at=0 lone_at=1 pair_at=2 form={form}"
    assert said(question) == "\ufffdt0 \ufffdt1 😀t2 t3 "


def test_a_failing_script_says_what_comes_before_its_failure() -> None:
    assert said("tokens=9 fail_at=2") == "t0 t1 "


def test_a_script_that_cannot_be_read_says_nothing() -> None:
    assert said("tokens=many") is None


def test_a_schedule_says_when_each_code_point_is_due() -> None:
    schedule = Schedule.of("tokens=3 rate=10 first_delay=1 gap_at=2 gap=5")
    assert schedule is not None
    assert [schedule.due(place) for place in (0, 2, 3, 6)] == pytest.approx([1, 1, 1.1, 6.2])


@pytest.mark.parametrize("question", ["tokens=3", "tokens=many"])
def test_a_script_without_a_pace_has_no_schedule(question: str) -> None:
    assert Schedule.of(question) is None
