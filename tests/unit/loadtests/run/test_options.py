import pytest

from loadtests.run.options import duration, read_options


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("2m", 120), ("1h", 3600), ("1h30m", 5400), ("1m5s", 65)]
)
def test_durations_are_read_as_locust_reads_them(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "2 weeks", "1.5m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)


def test_a_tenth_of_the_people_comes_in_a_second_and_one_at_least() -> None:
    assert read_options(["--users", "200"]).spawn_rate == 20
    assert read_options(["--users", "3"]).spawn_rate == 1
    assert read_options([]).scenario.name == "commuter"


def test_an_unknown_scenario_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_options(["--scenario", "hurricane"])
    assert "steady" in capsys.readouterr().err
