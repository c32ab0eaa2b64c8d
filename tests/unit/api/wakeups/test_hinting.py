"""Hints come to the other servers as they were given."""

from datetime import UTC, datetime

import pytest

from api.core.records import Session
from api.service.ports import DocumentHint, Hint, SessionHint, StageHint
from api.wakeups.hinting import dump_hint, load_hint

NOW = datetime(2026, 1, 1, 12, 30, 15, 250_000, tzinfo=UTC)
SESSION = Session("s", "Birds ☂", "rag", 3, NOW, NOW, 2, "Grey.")


@pytest.mark.parametrize(
    "hint",
    [
        SessionHint("s", SESSION),
        SessionHint("s"),
        StageHint("s", "m", "searching"),
        DocumentHint({"id": "d", "progress": 0.4, "error": None}),
    ],
    ids=["session", "deleted", "stage", "document"],
)
def test_a_hint_comes_as_it_was_given(hint: Hint) -> None:
    assert load_hint(dump_hint(hint)) == hint


def test_one_of_another_version_is_passed_over() -> None:
    assert load_hint(b'["weather",{"sunny":true}]') is None
