"""Reads that belong together see one moment of the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.core.errors import ChatError, Code


@asynccontextmanager
async def snapshot(readers: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """All selects within share one snapshot. Raises ChatError(storage_unavailable) if nothing can be read."""
    try:
        async with readers.connect() as connection, connection.begin():
            yield connection
    # The latter: the pool had no connection for too long.
    except (
        exc.OperationalError,
        exc.TimeoutError,
    ) as error:
        raise ChatError(Code.STORAGE_UNAVAILABLE, retry_after_ms=1000) from error
