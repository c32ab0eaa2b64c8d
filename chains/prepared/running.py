"""A step's run that nobody listens to: what LangChain does once, without what it does for each item."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    patch_config,
    set_config_context,
)
from langchain_core.runnables.utils import accepts_config, accepts_run_manager

from chains.prepared.sums import Sum
from chains.prepared.within import within

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from langchain_core.runnables import Runnable, RunnableConfig

    # Any: what strangers' steps are given and say
    Stream: TypeAlias = AsyncIterator[Any]
    Transform: TypeAlias = Callable[..., Stream]

NOTHING = object()


async def unheard(
    step: Runnable[Any, Any],  # Any: as above
    transformer: Transform,
    inputs: Stream,
    config: RunnableConfig | None = None,
    **kwargs: Any,  # Any: what is bound to the step
) -> AsyncGenerator[Any]:
    """Do as `Runnable._atransform_stream_with_config`, if nobody listens; else let the step do it itself.

    What is left out: a task for each item, a second reader of the input, and the sum of the output.
    """
    first = await anext(inputs, NOTHING)
    given = _again(first, inputs)
    ensured = ensure_config(config)
    manager = get_async_callback_manager_for_config(ensured)
    if manager.handlers:
        async for item in step.atransform(given, config, **kwargs):
            yield item
        return
    run = await manager.on_chain_start(None, {"input": ""}, run_id=ensured.pop("run_id", None))
    child = patch_config(ensured, callbacks=run.get_child())
    wants_config, wants_run = _wants(getattr(transformer, "__func__", transformer))
    if wants_config:
        kwargs["config"] = child
    if wants_run:
        kwargs["run_manager"] = run
    said = Sum()
    with set_config_context(child) as context:
        stream = cast("AsyncGenerator[Any]", context.run(transformer, given, **kwargs))  # as all of them are
        try:
            while True:
                try:
                    item = await within(context, anext(stream))
                except StopAsyncIteration:
                    break
                yield item
                said.add(item)
            async for _ in inputs:  # a step that ends early does not end what is before it
                pass
            said.end()
        finally:
            await stream.aclose()


@lru_cache(maxsize=256)
def _wants(function: Callable[..., Any]) -> tuple[bool, bool]:  # Any: as above
    """Tell whether a function takes a config, and a run; reading its signature takes a while."""
    return accepts_config(function), accepts_run_manager(function)


async def unless_heard(
    step: Runnable[Any, Any],  # Any: as above
    simple: Callable[[Stream], Stream],
    inputs: Stream,
    config: RunnableConfig | None = None,
    **kwargs: Any,  # Any: as above
) -> AsyncGenerator[Any]:
    """Do as a step without code of a stranger's, whose run has nothing that only the step could know."""
    heard = is_heard(config)
    async for each in step.atransform(inputs, config, **kwargs) if heard else simple(inputs):
        yield each


def is_heard(config: RunnableConfig | None) -> bool:
    """Tell whether anybody listens to a run with this config that begins here and now."""
    return bool(get_async_callback_manager_for_config(ensure_config(config)).handlers)


async def summed(inputs: Stream) -> AsyncGenerator[Any]:
    """Yield what comes, as long as it can be summed."""
    said = Sum()
    async for each in inputs:
        yield each
        said.add(each)
    said.end()


async def _again(first: Any, rest: Stream) -> AsyncGenerator[Any]:  # Any: as above
    """Give the first item back. Closing this closes nothing behind it, as with LangChain's own reader."""
    if first is not NOTHING:
        yield first
        async for each in rest:
            yield each


async def whole(inputs: Stream) -> Any:  # Any: as above
    """Return the sum of all input as `Runnable.atransform` takes it, or NOTHING."""
    final: Any = NOTHING
    async for each in inputs:
        try:
            final = each if final is NOTHING else final + each
        except TypeError:
            final = each
    return final
