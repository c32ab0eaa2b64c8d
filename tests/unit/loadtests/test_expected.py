import pytest

from chains.script import Script
from loadtests.expected import said


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
