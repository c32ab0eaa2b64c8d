"""Runnables prepared for streaming: the same values with less work for each."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import (
    Runnable,
    RunnableBinding,
    RunnableGenerator,
    RunnablePassthrough,
    RunnableSequence,
)
from langchain_core.runnables.config import patch_config

from chains.prepared.known import REPLACEABLE, is_as_read
from chains.prepared.models import Speaking, streams_as_usual
from chains.prepared.running import summed, unheard, unless_heard
from chains.prepared.texts import texts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from langchain_core.callbacks import AsyncCallbackManagerForChainRun
    from langchain_core.runnables import RunnableConfig

# Any: strangers' inputs and outputs
Streaming: TypeAlias = "Callable[[Any], AsyncGenerator[Any]]"
Stream: TypeAlias = "AsyncIterator[Any]"
Transform: TypeAlias = "Callable[..., Stream]"
AnyRunnable: TypeAlias = Runnable[Any, Any]


def streaming(runnable: AnyRunnable) -> Streaming:
    """Return a function that streams as `runnable.astream` does: the same values, errors and closing.

    Parts that are exactly LangChain's own, and that nobody listens to in this run, are done with less work;
    everything else is left to the runnable itself.
    """
    transform = _faster(runnable)

    def stream(given: Any) -> AsyncGenerator[Any]:
        if transform is None or not is_as_read():
            return cast("AsyncGenerator[Any]", runnable.astream(given))  # typed as a mere iterator
        return cast("AsyncGenerator[Any]", transform(_one(given), None))  # as above

    return stream


async def _one(given: Any) -> AsyncGenerator[Any]:
    yield given


def _transform(runnable: AnyRunnable) -> Transform:
    return _faster(runnable) or runnable.atransform


def _faster(runnable: AnyRunnable) -> Transform | None:
    """Return what does as `runnable.atransform`, or None if nothing is gained or nothing is certain."""
    for kind, prepare in _PREPARED:
        if _is_exactly(runnable, kind):
            return prepare(runnable)
    return Speaking(runnable) if isinstance(runnable, BaseChatModel) and streams_as_usual(runnable) else None


def _is_exactly(runnable: AnyRunnable, kind: type) -> bool:
    """Tell whether this is of the type itself, not of a subclass, with nothing replaced in the instance."""
    generic = getattr(type(runnable), "__pydantic_generic_metadata__", {}).get("origin")
    return (type(runnable) is kind or generic is kind) and not REPLACEABLE & vars(runnable).keys()


def _sequence(sequence: RunnableSequence[Any, Any]) -> Transform:
    steps = [(f"seq:step:{number}", _transform(each)) for number, each in enumerate(sequence.steps, 1)]

    async def through(
        inputs: Stream, run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig, **bound: Any
    ) -> AsyncGenerator[Any]:
        stream = inputs
        for name, step in steps:
            config = patch_config(config, callbacks=run_manager.get_child(name))
            stream = step(stream, config, **bound)
            bound = {}  # is for the first step
        async for each in stream:
            yield each

    def transform(inputs: Stream, config: RunnableConfig | None = None, **bound: Any) -> Stream:
        named = patch_config(config, run_name=(config or {}).get("run_name") or sequence.name)
        return unheard(sequence, inputs, through, named, **bound)

    return transform


def _binding(binding: RunnableBinding[Any, Any]) -> Transform | None:
    inner = _faster(binding.bound)
    if inner is None:
        return None

    async def transform(
        inputs: Stream, config: RunnableConfig | None = None, **bound: Any
    ) -> AsyncGenerator[Any]:
        merged = binding._merge_configs(config)  # noqa: SLF001 - as `atransform` does
        async for each in inner(inputs, merged, **{**binding.kwargs, **bound}):
            yield each

    return transform


def _generator(generator: RunnableGenerator[Any, Any]) -> Transform | None:
    transformer = getattr(generator, "_atransform", None)
    if not inspect.isasyncgenfunction(transformer):
        return None
    return lambda inputs, config=None, **bound: unheard(generator, inputs, transformer, config, **bound)


def _text(parser: StrOutputParser) -> Transform:
    return partial(unless_heard, parser, texts)


def _passthrough(passthrough: RunnablePassthrough[Any]) -> Transform | None:
    if passthrough.func is not None or passthrough.afunc is not None:
        return None
    return partial(unless_heard, passthrough, summed)


_PREPARED: tuple[tuple[type, Callable[[Any], Transform | None]], ...] = (
    (RunnableSequence, _sequence),
    (RunnableBinding, _binding),
    (RunnableGenerator, _generator),
    (RunnablePassthrough, _passthrough),
    (StrOutputParser, _text),
)
