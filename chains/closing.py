"""Closing a chain's stream so that the model behind it stops too.

`aclose` ends the outermost generator of a LangChain sequence; the inner ones, and with them the request to
the model, are left to the garbage collector. So the generators that a chain opens are noted as they begin, by
the hook that Python has for event loops, and are closed from the innermost outwards.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeAlias
from weakref import ref

Stream: TypeAlias = AsyncGenerator[Any, Any]  # Any: a stranger's output
Opened: TypeAlias = "list[ref[Stream]]"

_opened: ContextVar[Opened | None] = ContextVar("generators opened by a chain", default=None)


@asynccontextmanager
async def closing(stream: Stream) -> AsyncIterator[AsyncIterator[Any]]:  # Any: a stranger's output
    """Give the items of a stream, and close all generators behind it at the end."""
    opened: Opened = []
    items = _noting(stream, opened)
    try:
        yield items
    finally:
        await items.aclose()
        for each in reversed(opened):
            await _close(each())
        await stream.aclose()


async def _noting(stream: Stream, opened: Opened) -> Stream:
    """Yield the items; the variable is set only while the chain works, since a generator has no context."""
    _watch()
    while True:
        token = _opened.set(opened)
        try:
            item = await anext(stream)
        except StopAsyncIteration:
            return
        finally:
            _opened.reset(token)
        yield item


async def _close(generator: Stream | None) -> None:
    """Close one generator; one that is running in a task of the chain's own cannot be, and ends with it."""
    if generator is not None:
        with suppress(Exception):  # what a chain raises while it is stopped is no part of its answer
            await generator.aclose()


def _watch() -> None:
    """Note every generator that begins inside a chain; the event loop's own hook still runs."""
    before = sys.get_asyncgen_hooks().firstiter
    if isinstance(before, _Note):
        return
    sys.set_asyncgen_hooks(firstiter=_Note(before))


class _Note:
    def __init__(self, then: Any) -> None:  # Any: typeshed knows the hook only as a callable of anything
        self._then = then

    def __call__(self, generator: Stream) -> None:
        opened = _opened.get()
        if opened is not None:
            opened.append(ref(generator))
        if self._then is not None:
            self._then(generator)
