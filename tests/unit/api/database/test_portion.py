"""How much is read at once."""

from collections.abc import Generator
from types import SimpleNamespace

import pytest

from api.database.portion import portion


def rows(left: list[int]) -> Generator[SimpleNamespace]:
    try:
        while left:
            left.pop()
            yield SimpleNamespace(body="abc")
    finally:
        left.append(-1)  # closed


@pytest.mark.parametrize(
    ("chars", "lengths", "more"),
    [
        (100, [3, 3, 3, 3], False),
        (6, [3, 3], True),
        (7, [3, 3, 3], True),
        (12, [3, 3, 3, 3], False),
        (1, [3], True),
    ],
)
def test_rows_come_until_they_are_long_enough(chars: int, lengths: list[int], *, more: bool) -> None:
    left = list(range(4))
    found, cut = portion(rows(left), column="body", chars=chars)
    assert ([len(row.body) for row in found], cut) == (lengths, more)
    assert left[-1] == -1
    assert len(left) - 1 >= 4 - len(lengths) - 1, "no more is read than has to be"
