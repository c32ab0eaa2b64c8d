"""As many rows as are good for one read: each may hold a megabyte of text."""

from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection


async def portion(
    connection: AsyncConnection, rows: Select[Any], *, column: str, chars: int, at_once: int
) -> tuple[list[Row[Any]], bool]:
    """The first rows, until their `column` holds so many characters; at least one, if there is any.

    Returns them, and whether the rest was left where it is. They come from the database `at_once` so many.
    """
    found: list[Row[Any]] = []
    async with connection.stream(rows) as streamed:
        while batch := await streamed.fetchmany(at_once):
            for row in batch:
                if chars <= 0:
                    return found, True
                found.append(row)
                chars -= len(getattr(row, column))
    return found, False
