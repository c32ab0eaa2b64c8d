"""Steps that make dicts of what other steps say."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.runnables.config import patch_config
from langchain_core.runnables.utils import AddableDict

from chains.prepared.running import unheard
from chains.prepared.twins import Prepared, held

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from langchain_core.callbacks import AsyncCallbackManagerForChainRun
    from langchain_core.runnables import RunnableAssign, RunnableConfig, RunnableParallel

    from chains.prepared.simple import AnyRunnable, Faster, Stream, Transform

# Any in this module: what strangers' steps are given and say.


def parallel(step: RunnableParallel[Any], faster: Faster) -> Transform:
    steps = step.steps__
    if len(steps) == 1:
        transformer = _alone(*next(iter(steps.items())), faster)
    else:
        twin = step.model_copy(update={"steps__": {name: held(each, faster) for name, each in steps.items()}})
        transformer = twin._atransform  # noqa: SLF001 - as `atransform` does
    return partial(unheard, step, transformer)


def _alone(name: str, step: AnyRunnable, faster: Faster) -> Transform:
    """One step runs in parallel with nothing, so no tasks need to wait for each other."""
    transform = faster(step) or step.atransform

    async def named(
        inputs: Stream, run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig
    ) -> AsyncGenerator[AddableDict]:
        child = patch_config(config, callbacks=run_manager.get_child(f"map:key:{name}"))
        async for each in transform(inputs, child):
            yield AddableDict({name: each})

    return named


def assign(step: RunnableAssign, faster: Faster) -> Transform:
    transform = faster(step.mapper)
    if transform is None:
        return partial(unheard, step, step._atransform)  # noqa: SLF001 - as `atransform` does
    twin = step.model_copy(update={"mapper": _Mapper(step.mapper, transform)})
    return partial(unheard, step, twin._atransform)  # noqa: SLF001 - as above


class _Mapper(Prepared):
    """What a `RunnableAssign` asks of its mapper."""

    def __init__(self, step: RunnableParallel[Any], transform: Transform) -> None:
        super().__init__(step, transform)
        self.steps__ = step.steps__
