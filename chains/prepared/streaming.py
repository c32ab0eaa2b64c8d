"""Runnables prepared for streaming: the same values with less work for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import (
    RunnableAssign,
    RunnableBinding,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnablePick,
    RunnableSequence,
    RunnableWithFallbacks,
)
from langchain_core.runnables.configurable import RunnableConfigurableAlternatives, RunnableConfigurableFields
from langchain_core.runnables.retry import RunnableRetry

from chains.prepared import composed, mapped, simple
from chains.prepared.known import REPLACEABLE, is_as_read
from chains.prepared.models import Speaking, streams_as_usual
from chains.prepared.twins import one

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from chains.prepared.simple import AnyRunnable, Prepare, Transform

Streaming: TypeAlias = "Callable[[Any], AsyncGenerator[Any]]"  # Any: strangers' inputs and outputs


def streaming(runnable: AnyRunnable) -> Streaming:
    """Return a function that streams as `runnable.astream` does: the same values, errors and closing.

    Parts that are exactly LangChain's own, and that nobody listens to in this run, are done with less work;
    everything else is left to the runnable itself.
    """
    transform = faster(runnable)

    def stream(given: Any) -> AsyncGenerator[Any]:  # Any: as above
        if transform is None or not is_as_read():
            return cast("AsyncGenerator[Any]", runnable.astream(given))  # typed as a mere iterator
        return cast("AsyncGenerator[Any]", transform(one(given), None))  # as above

    return stream


def faster(runnable: AnyRunnable) -> Transform | None:
    """Return what does as `runnable.atransform`, or None if nothing is gained or nothing is certain."""
    for kind, prepare in _PREPARED:
        if _is_exactly(runnable, kind):
            return prepare(runnable, faster)
    return Speaking(runnable) if isinstance(runnable, BaseChatModel) and streams_as_usual(runnable) else None


def _is_exactly(runnable: AnyRunnable, kind: type) -> bool:
    """Tell whether this is of the type itself, not of a subclass, with nothing replaced in the instance."""
    generic = getattr(type(runnable), "__pydantic_generic_metadata__", {}).get("origin")
    return (type(runnable) is kind or generic is kind) and not REPLACEABLE & vars(runnable).keys()


_PREPARED: tuple[tuple[type, Prepare], ...] = (
    (RunnableSequence, composed.sequence),
    (RunnableBinding, composed.Bound.of),
    (RunnableRetry, composed.Bound.of),  # which retries no stream
    (RunnableBranch, composed.branch),
    (RunnableWithFallbacks, composed.fallbacks),
    (RunnableLambda, composed.function),
    (RunnableConfigurableFields, composed.configurable),
    (RunnableConfigurableAlternatives, composed.configurable),
    (RunnableAssign, mapped.assign),
    (RunnableParallel, mapped.parallel),
    (RunnablePick, simple.pick),
    (RunnableGenerator, simple.generator),
    (RunnablePassthrough, simple.passthrough),
    (StrOutputParser, simple.text),
)
