"""Steps that hold other steps, with those prepared.

Where LangChain's own code goes on to another step, it runs as it is, on a twin of its own step that holds
prepared ones.
"""

from __future__ import annotations

import inspect
from copy import copy
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable
from langchain_core.runnables.config import patch_config
from langchain_core.runnables.utils import is_async_generator

from chains.prepared.running import NOTHING, is_heard, unheard, whole
from chains.prepared.texts import Texts
from chains.prepared.twins import held

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from langchain_core.callbacks import AsyncCallbackManagerForChainRun
    from langchain_core.runnables import (
        RunnableBranch,
        RunnableConfig,
        RunnableLambda,
        RunnableSequence,
        RunnableWithFallbacks,
    )
    from langchain_core.runnables.base import RunnableBindingBase
    from langchain_core.runnables.configurable import DynamicRunnable

    from chains.prepared.simple import AnyRunnable, Faster, Stream, Transform

# Any in this module: what strangers' steps are given and say, and what is bound to them.


def sequence(step: RunnableSequence[Any, Any], faster: Faster) -> Transform:
    steps = _steps(step, faster)

    async def through(
        inputs: Stream, run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig, **bound: Any
    ) -> AsyncGenerator[Any]:
        stream = inputs
        for name, transform in steps:
            config = patch_config(config, callbacks=run_manager.get_child(name))
            stream = transform(stream, config, **bound)
            bound = {}  # is for the first step
        async for each in stream:
            yield each

    def transform(inputs: Stream, config: RunnableConfig | None = None, **bound: Any) -> Stream:
        named = patch_config(config, run_name=(config or {}).get("run_name") or step.name)
        return unheard(step, through, inputs, named, **bound)

    return transform


def _steps(step: RunnableSequence[Any, Any], faster: Faster) -> list[tuple[str, Transform]]:
    steps: list[tuple[str, Transform]] = []
    for number, each in enumerate(step.steps, 1):
        transform = faster(each) or each.atransform
        if isinstance(transform, Texts) and steps and (spoken := _as_texts(steps[-1][1])):
            steps[-1] = (steps[-1][0], spoken)
        else:
            steps.append((f"seq:step:{number}", transform))
    return steps


def _as_texts(transform: Transform) -> Transform | None:
    """Return what does as this one and a parser of texts behind it at once, if there is such a thing."""
    known: Callable[[], Transform | None] | None = getattr(transform, "as_texts", None)
    return known and known()


class Bound:
    """A step with a config or arguments bound to it."""

    def __init__(self, step: RunnableBindingBase[Any, Any], inner: Transform) -> None:
        self._step = step
        self._inner = inner

    @classmethod
    def of(cls, step: RunnableBindingBase[Any, Any], faster: Faster) -> Bound | None:
        inner = faster(step.bound)
        return cls(step, inner) if inner else None

    def as_texts(self) -> Bound | None:
        inner = _as_texts(self._inner)
        return Bound(self._step, inner) if inner else None

    def __call__(self, inputs: Stream, config: RunnableConfig | None = None, **bound: Any) -> Stream:
        merged = self._step._merge_configs(config)  # noqa: SLF001 - as `atransform` does
        return self._inner(inputs, merged, **{**self._step.kwargs, **bound})


def branch(step: RunnableBranch[Any, Any], faster: Faster) -> Transform:
    branches = [(condition, held(each, faster)) for condition, each in step.branches]
    twin = step.model_copy(update={"branches": branches, "default": held(step.default, faster)})
    return partial(_by_whole_input, step, twin)


def fallbacks(step: RunnableWithFallbacks[Any, Any], faster: Faster) -> Transform:
    others = [held(each, faster) for each in step.fallbacks]
    twin = step.model_copy(update={"runnable": held(step.runnable, faster), "fallbacks": others})
    return partial(_by_whole_input, step, twin)


async def _by_whole_input(
    step: AnyRunnable, twin: AnyRunnable, inputs: Stream, config: RunnableConfig | None = None, **bound: Any
) -> AsyncGenerator[Any]:
    """Do as `Runnable.atransform`, which waits for all of its input."""
    given = await whole(inputs)
    if given is NOTHING:
        return
    async for each in (step if is_heard(config) else twin).astream(given, config, **bound):
        yield each


def function(step: RunnableLambda[Any, Any], faster: Faster) -> Transform:
    """Prepare a function, and in each run the step that it may return for the run to go on with."""
    twin = copy(step)
    if hasattr(step, "func") and not inspect.isgeneratorfunction(step.func):
        twin.func = _returning(step.func, faster)
    if hasattr(step, "afunc") and not is_async_generator(step.afunc):
        twin.afunc = _returning_later(step.afunc, faster)
    return partial(unheard, step, twin._atransform)  # noqa: SLF001 - as `atransform` does


def _returning(func: Callable[..., Any], faster: Faster) -> Callable[..., Any]:
    @wraps(func)
    def call(*given: Any, **bound: Any) -> Any:
        found = func(*given, **bound)
        return held(found, faster) if isinstance(found, Runnable) else found

    return call


def _returning_later(func: Callable[..., Any], faster: Faster) -> Callable[..., Any]:
    @wraps(func)
    async def call(*given: Any, **bound: Any) -> Any:
        found = await func(*given, **bound)
        return held(found, faster) if isinstance(found, Runnable) else found

    return call


def configurable(step: DynamicRunnable[Any, Any], faster: Faster) -> Transform:
    async def transform(
        inputs: Stream, config: RunnableConfig | None = None, **bound: Any
    ) -> AsyncGenerator[Any]:
        chosen, configured = step.prepare(config)
        async for each in (faster(chosen) or chosen.atransform)(inputs, configured, **bound):
            yield each

    return transform
