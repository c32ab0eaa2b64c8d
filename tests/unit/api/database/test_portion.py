"""How much is read at once."""

import pytest
from sqlalchemy import literal, select, union_all

from api.database.portion import portion
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("chars", "at_once", "lengths", "more"),
    [
        (100, 8, [3, 3, 3, 3], False),
        (6, 8, [3, 3], True),
        (7, 1, [3, 3, 3], True),
        (12, 2, [3, 3, 3, 3], False),
        (1, 8, [3], True),
    ],
)
async def test_rows_come_until_they_are_long_enough(
    backend: Backend, chars: int, at_once: int, lengths: list[int], *, more: bool
) -> None:
    rows = select(union_all(*[select(literal("abc").label("body"))] * 4).subquery())
    found, left = await backend.database.readers.read(
        lambda connection: portion(connection, rows, column="body", chars=chars, at_once=at_once)
    )
    assert ([len(row.body) for row in found], left) == (lengths, more)
