"""Reads that belong together see one moment of the database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.core.errors import ChatError, Code
from api.database.engine import Readers
from api.database.trouble import is_trouble

P = ParamSpec("P")
T = TypeVar("T")
_waiting: set[asyncio.Task[Any]] = set()  # of any result: reads that have no place yet


@asynccontextmanager
async def snapshot(readers: Readers) -> AsyncIterator[AsyncConnection]:
    """All selects within share one snapshot. Raises ChatError(storage_unavailable) if nothing can be read."""
    try:
        async with _place(readers), readers.connect() as connection, connection.begin():
            yield connection
    except SQLAlchemyError as error:
        if not is_trouble(error):
            raise
        raise ChatError(Code.STORAGE_UNAVAILABLE, retry_after_ms=1000) from error


@asynccontextmanager
async def _place(readers: Readers) -> AsyncIterator[None]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - for mypy: whatever awaits runs in a task
    _waiting.add(task)
    try:
        await readers.room.acquire()
    finally:
        _waiting.discard(task)
    try:
        yield
    finally:
        readers.room.release()


def carried_through(
    read: Callable[P, Coroutine[Any, Any, T]],  # Any: what a coroutine is sent is nobody's business
) -> Callable[P, Coroutine[Any, Any, T]]:
    """A reader that is cancelled leaves at once, and its read ends by itself if it has begun.

    Broken off in the middle it would cost the connection, which the driver cannot use again. What still waits
    for its place is not made: under a crowd that comes and goes, most of it would be for nobody.
    """

    @wraps(read)
    async def shielded(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(read(*args, **kwargs))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task in _waiting:
                task.cancel()
            task.add_done_callback(_seen)
            raise

    return shielded


def _seen(task: "asyncio.Future[T]") -> None:
    """Nobody is left who wants to know how it went."""
    if not task.cancelled():
        task.exception()
