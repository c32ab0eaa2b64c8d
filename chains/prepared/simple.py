"""Steps that hold no other steps."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.runnables import Runnable

from chains.prepared.running import summed, unheard, unless_heard
from chains.prepared.texts import Texts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.runnables import RunnableGenerator, RunnablePassthrough, RunnablePick

# Any: strangers' inputs and outputs
Stream: TypeAlias = "AsyncIterator[Any]"
AnyRunnable: TypeAlias = Runnable[Any, Any]
Transform: TypeAlias = "Callable[..., Stream]"
"""Takes an input stream, a config or None, and what is bound, as `Runnable.atransform` does."""
Faster: TypeAlias = "Callable[[AnyRunnable], Transform | None]"
"""Prepares any step, or returns None for one that does as well by itself."""
Prepare: TypeAlias = "Callable[[Any, Faster], Transform | None]"
"""Prepares a step of one type."""


def generator(step: RunnableGenerator[Any, Any], _faster: Faster) -> Transform | None:
    transformer = getattr(step, "_atransform", None)
    return partial(unheard, step, transformer) if inspect.isasyncgenfunction(transformer) else None


def text(step: StrOutputParser, _faster: Faster) -> Transform:
    return Texts(step)


def passthrough(step: RunnablePassthrough[Any], _faster: Faster) -> Transform | None:
    silent = step.func is None and step.afunc is None
    return partial(unless_heard, step, summed) if silent else None


def pick(step: RunnablePick, _faster: Faster) -> Transform:
    async def picked(inputs: Stream) -> AsyncGenerator[Any]:
        async for each in inputs:
            if (found := step._pick(each)) is not None:  # noqa: SLF001 - as `atransform` does
                yield found

    return partial(unless_heard, step, lambda inputs: summed(picked(inputs)))
