"""Limits that the page knows beforehand are the server's."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from api.core.content import COMMENT_CHARS
from api.documents.model import FILE_BYTES
from api.doors.documents import FILES
from api.service.links import HOLDS

PAGE = Path(__file__).parents[2] / "frontend" / "src"


def number(path: str, name: str) -> int:
    """A constant of the page: a number, or a product of numbers."""
    found = re.search(rf"^(?:export )?const {name} = ([\d_* ]+)$", (PAGE / path).read_text(), re.MULTILINE)
    assert found, f"{path} has no {name}"
    product = 1
    for factor in found[1].split("*"):
        product *= int(factor)
    return product


@pytest.mark.parametrize(
    ("path", "name", "limit"),
    [
        ("protocol/uploadable.ts", "LARGEST_BYTES", FILE_BYTES),
        ("protocol/uploadable.ts", "FILES_AT_ONCE", FILES),
        ("components/features/chat/AnswerFeedback.tsx", "LONGEST", COMMENT_CHARS),
        ("stores/owner.ts", "HOLDS_MS", HOLDS // timedelta(milliseconds=1)),
    ],
)
def test_a_limit_of_the_page_is_the_servers(path: str, name: str, limit: int) -> None:
    assert number(path, name) == limit
