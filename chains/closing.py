"""Closing a chain's stream so that the model behind it stops too.

`aclose` ends the outermost generator of a LangChain sequence; the inner ones, and with them the request to
the model, are left to the garbage collector. So the generators that a chain opens are noted as they begin, by
the hook that Python has for event loops, and are closed from the innermost outwards.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias
from weakref import ref

Stream: TypeAlias = AsyncGenerator[Any, Any]  # Any: a stranger's output
Opened: TypeAlias = "list[ref[Stream]]"

LET_GO_S = 5.0
"""Generators that have not closed by then are cancelled once more, and left."""

_opened: ContextVar[Opened | None] = ContextVar("generators opened by a chain", default=None)


@asynccontextmanager
async def closing(stream: Stream) -> AsyncIterator[AsyncIterator[Any]]:  # Any: a stranger's output
    """Give the items of a stream, and close all generators behind it at the end."""
    opened: Opened = []
    items = _noting(stream, opened)
    try:
        yield items
    finally:
        until = asyncio.get_running_loop().time() + LET_GO_S
        for each in (items, *(opening() for opening in reversed(opened)), stream):
            await _close(each, until)


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


async def _close(stream: AsyncIterator[Any] | None, until: float) -> None:  # Any: a stranger's output
    """Close one of them, if it can be closed; what it raises then is no part of its answer.

    A generator that runs in a task of the chain's own cannot be closed, and ends with that task.
    """
    if getattr(stream, "ag_frame", stream) is None:
        return  # it has ended, as all of them have at the end of an answer
    try:
        async with asyncio.timeout_at(until):
            if (close := getattr(stream, "aclose", None)) is not None:
                await close()
    except asyncio.CancelledError:
        raise
    except BaseException:  # noqa: BLE001, S110 - as said
        pass


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
