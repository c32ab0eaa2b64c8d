"""Prepared steps in the place of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from langchain_core.runnables import RunnableConfig

    from chains.prepared.simple import AnyRunnable, Faster, Stream, Transform

# Any in this module: what strangers' steps are given and say, and what is bound to them.


class Prepared(Runnable[Any, Any]):
    """A step that streams as it was prepared to, for LangChain's code to go on to."""

    def __init__(self, step: AnyRunnable, transform: Transform) -> None:
        self._step = step
        self._prepared = transform

    def invoke(self, input: Any, config: RunnableConfig | None = None, **bound: Any) -> Any:  # noqa: A002
        return self._step.invoke(input, config, **bound)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **bound: Any) -> Any:  # noqa: A002
        return await self._step.ainvoke(input, config, **bound)

    def astream(
        self,
        input: Any,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **bound: Any,
    ) -> AsyncIterator[Any]:
        return self._prepared(one(input), config, **bound)

    def atransform(
        self,
        input: Stream,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **bound: Any,
    ) -> AsyncIterator[Any]:
        return self._prepared(input, config, **bound)


def held(step: AnyRunnable, faster: Faster) -> AnyRunnable:
    """Return the step to hold in the place of this one."""
    transform = faster(step)
    return step if transform is None else Prepared(step, transform)


async def one(given: Any) -> AsyncGenerator[Any]:
    """Give one input as a stream."""
    yield given
