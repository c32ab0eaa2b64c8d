"""Previews are one short line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.store.rows import preview


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("Short.", "Short."),
        ("  two \n\n lines\t", "two lines"),
        ("x" * 10, "x" * 10),
        ("x" * 11, "x" * 9 + "…"),
    ],
)
def test_a_preview_is_the_beginning_on_one_line(text: str, expected: str) -> None:
    assert preview(text, 10) == expected


@given(st.text(), st.integers(1, 30))
def test_a_preview_is_never_longer(text: str, limit: int) -> None:
    found = preview(text, limit)
    assert len(found) <= limit
    assert "\n" not in found
