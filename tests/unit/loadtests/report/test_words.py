import pytest

from loadtests.report import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0008, "0.8 ms"),
        (0.0123, "12 ms"),
        (0.34, "340 ms"),
        (1.23, "1.2 s"),
        (42, "42 s"),
        (125, "2 min 5 s"),
        (120, "2 min"),
        (3900, "1 h 5 min"),
    ],
)
def test_times(value: float | None, shown: str) -> None:
    assert words.seconds(value) == shown


def test_places_on_axes() -> None:
    assert [words.clock(value) for value in (0, 90, 3900)] == ["0:00", "1:30", "1:05:00"]
    assert [words.tick(value) for value in (0.001, 1, 100)] == ["1 ms", "1 s", "100 s"]


def test_sizes_and_numbers() -> None:
    assert [words.size(value) for value in (12, 1500, 2.5e6, 1.5e9)] == ["12 B", "1.5 kB", "2.5 MB", "1.5 GB"]
    assert [words.number(value) for value in (1234, 0.5, 2.0)] == ["1,234", "0.5", "2"]
