"""Reads that belong together see one moment of the database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.core.errors import ChatError, Code
from api.database.trouble import is_trouble

P = ParamSpec("P")
T = TypeVar("T")


@asynccontextmanager
async def snapshot(readers: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """All selects within share one snapshot. Raises ChatError(storage_unavailable) if nothing can be read."""
    try:
        async with readers.connect() as connection, connection.begin():
            yield connection
    except SQLAlchemyError as error:
        if not is_trouble(error):
            raise
        raise ChatError(Code.STORAGE_UNAVAILABLE, retry_after_ms=1000) from error


def carried_through(
    read: Callable[P, Coroutine[Any, Any, T]],  # Any: what a coroutine is sent is nobody's business
) -> Callable[P, Coroutine[Any, Any, T]]:
    """A reader that is cancelled leaves at once, and its read ends by itself.

    Broken off in the middle it would cost the connection, which the driver cannot use again.
    """

    @wraps(read)
    async def shielded(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(read(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_seen)
            raise

    return shielded


def _seen(task: "asyncio.Future[T]") -> None:
    """Nobody is left who wants to know how it went."""
    if not task.cancelled():
        task.exception()
