"""As many rows as are good for one read: each may hold a megabyte of text."""

from collections.abc import Generator
from contextlib import closing

from api.database.prepared import Row


def portion(rows: Generator[Row], *, column: str, chars: int) -> tuple[list[Row], bool]:
    """The first rows, until their `column` holds so many characters; at least one, if there is any.

    Returns them, and whether the rest was left where it is.
    """
    found: list[Row] = []
    with closing(rows):
        for row in rows:
            if chars <= 0:
                return found, True
            found.append(row)
            chars -= len(getattr(row, column))
    return found, False
