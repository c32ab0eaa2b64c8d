"""Whether LangChain's code is the code that the prepared parts were read from."""

from __future__ import annotations

import hashlib
import inspect
from types import CodeType, FunctionType

from langchain_core.language_models import BaseChatModel, chat_models
from langchain_core.messages import AIMessageChunk, BaseMessage, ai, base
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk
from langchain_core.runnables import (
    Runnable,
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
from langchain_core.runnables.utils import AddableDict

_STREAMING = (
    RunnableSequence,
    RunnableBinding,
    RunnableRetry,
    RunnableBranch,
    RunnableWithFallbacks,
    RunnableLambda,
    RunnableConfigurableFields,
    RunnableConfigurableAlternatives,
    RunnableAssign,
    RunnableParallel,
    RunnablePick,
    RunnableGenerator,
    RunnablePassthrough,
    StrOutputParser,
    BaseChatModel,
)
READ: tuple[tuple[object, str], ...] = (
    *((each, name) for each in _STREAMING for name in ("astream", "atransform")),
    (Runnable, "_atransform_stream_with_config"),
    (RunnableSequence, "_atransform"),
    (RunnableParallel, "_atransform"),
    (RunnableAssign, "_atransform"),
    (RunnablePick, "_atransform"),
    (RunnableLambda, "_atransform"),
    (StrOutputParser, "_atransform"),
    (StrOutputParser, "parse_result"),
    (StrOutputParser, "parse"),
    (ChatGeneration, "set_text"),
    (BaseMessage, "text"),
    (chat_models, "_gen_info_and_msg_metadata"),
    (ChatGenerationChunk, "__add__"),
    (AIMessageChunk, "__add__"),
    (ai, "add_ai_message_chunks"),
    (base, "merge_content"),
    (AddableDict, "__add__"),
    (AddableDict, "__radd__"),
)
"""What is done in LangChain's place, and what is left out because of how it adds up."""
REPLACEABLE = frozenset({"astream", "atransform", "_atransform_stream_with_config"})
KNOWN = frozenset({"a3c05a2c9c693e0a", "32999f733fcd1d19", "a5062e64197b2ee5", "fa626e7d84a403d9"})
"""Digests of that code in langchain-core 1.5.6 to 1.6.0, 1.6.13 to 1.7.0, 1.7.2, and 1.7.7 to 1.8.4."""

_found = tuple((owner, name, getattr(owner, name, None)) for owner, name in READ)


def digest() -> str:
    """Return the digest of the installed code, or nothing where its source cannot be had."""
    try:
        sources = [inspect.getsource(_code(found)) for *_, found in _found]
    except (OSError, TypeError):
        return ""
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()[:16]


def _code(found: object) -> CodeType:
    """Return the code itself: the source of a wrapper, not of what it wraps."""
    function = found.fget if isinstance(found, property) else found
    if not isinstance(function, FunctionType):
        raise TypeError(type(function).__name__)
    return function.__code__


_is_known = digest() in KNOWN


def is_as_read() -> bool:
    """Tell whether all of it is known, and nobody has put something else in its place since the start.

    Instruments for tracing do that; what they put there has to be called.
    """
    return _is_known and all(getattr(owner, name, None) is found for owner, name, found in _found)
