"""Tells a chain that runs asynchronously by itself from one that needs a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.language_models import LLM, BaseChatModel, BaseLLM
from langchain_core.output_parsers import BaseOutputParser
from langchain_core.prompts import BasePromptTemplate
from langchain_core.runnables import (
    Runnable,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
)
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.passthrough import RunnableAssign

if TYPE_CHECKING:
    from chains.inputs import AnyChain

_GLUE = (BasePromptTemplate, BaseOutputParser, RunnablePassthrough)
_ASYNC_METHODS = ("ainvoke", "astream", "atransform")


def only_synchronous(chain: AnyChain) -> bool:
    """Tell whether no part of the chain has asynchronous code of its own.

    Such a chain is run in our threads as a whole. One with an asynchronous part runs in the event loop, where
    LangChain itself moves its synchronous parts to threads.
    """
    return not _asynchronous(chain)


def _asynchronous(chain: AnyChain) -> bool:
    if isinstance(chain, RunnableBindingBase):
        return _asynchronous(chain.bound)
    if isinstance(chain, RunnableSequence):
        return any(map(_asynchronous, chain.steps))
    if isinstance(chain, RunnableParallel):
        return any(map(_asynchronous, chain.steps__.values()))
    if isinstance(chain, RunnableAssign):
        return _asynchronous(chain.mapper)
    if isinstance(chain, _GLUE):
        return False
    return _asynchronous_leaf(chain)


def _asynchronous_leaf(chain: AnyChain) -> bool:
    if isinstance(chain, RunnableLambda):
        return hasattr(chain, "afunc")
    if isinstance(chain, RunnableGenerator):
        return hasattr(chain, "_atransform")
    if isinstance(chain, BaseChatModel):
        return _overrides(chain, BaseChatModel, ("_agenerate", "_astream"))
    if isinstance(chain, LLM):
        return _overrides(chain, LLM, ("_acall", "_astream"))
    if isinstance(chain, BaseLLM):
        return _overrides(chain, BaseLLM, ("_agenerate", "_astream"))
    return _overrides(chain, Runnable, _ASYNC_METHODS)


def _overrides(chain: AnyChain, base: type, methods: tuple[str, ...]) -> bool:
    return any(getattr(type(chain), each) is not getattr(base, each) for each in methods)
