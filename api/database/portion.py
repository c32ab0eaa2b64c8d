"""As many rows as are good for one read: each may hold a megabyte of text."""

from typing import Any

from sqlalchemy import Connection, Row, Select


def portion(
    connection: Connection, rows: Select[Any], *, column: str, chars: int, at_once: int
) -> tuple[list[Row[Any]], bool]:
    """The first rows, until their `column` holds so many characters; at least one, if there is any.

    Returns them, and whether the rest was left where it is. They come from the database `at_once` so many.
    """
    found: list[Row[Any]] = []
    with connection.execute(rows, execution_options={"stream_results": True}) as streamed:
        while batch := streamed.fetchmany(at_once):
            for row in batch:
                if chars <= 0:
                    return found, True
                found.append(row)
                chars -= len(getattr(row, column))
    return found, False
