"""No test waits for ever: what hangs fails, and says so."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import pytest

SECONDS = 20.0


def bound(items: Iterable[pytest.Item], folder: Path, seconds: float = SECONDS) -> None:
    """Gives every asynchronous test below `folder` a time-out; for `pytest_collection_modifyitems`."""
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and folder in item.path.parents
            and inspect.iscoroutinefunction(item.obj)
        ):
            item.obj = _bounded(item.obj, seconds)


def _bounded(test: Callable[..., Awaitable[None]], seconds: float) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def within(*arguments: object, **named: object) -> None:
        async with asyncio.timeout(seconds):
            await test(*arguments, **named)

    return within
