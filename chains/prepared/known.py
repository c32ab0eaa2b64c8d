"""Whether LangChain's code is the code that the prepared parts were read from."""

from __future__ import annotations

import hashlib
import inspect
from types import CodeType, FunctionType

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration
from langchain_core.runnables import (
    Runnable,
    RunnableBinding,
    RunnableGenerator,
    RunnablePassthrough,
    RunnableSequence,
)

READ: tuple[tuple[type, str], ...] = (
    (Runnable, "atransform"),
    (Runnable, "_atransform_stream_with_config"),
    (RunnableSequence, "_atransform"),
    (RunnableSequence, "atransform"),
    (RunnableSequence, "astream"),
    (RunnableGenerator, "atransform"),
    (RunnableGenerator, "astream"),
    (RunnablePassthrough, "atransform"),
    (RunnablePassthrough, "astream"),
    (RunnableBinding, "atransform"),
    (RunnableBinding, "astream"),
    (StrOutputParser, "atransform"),
    (StrOutputParser, "_atransform"),
    (StrOutputParser, "astream"),
    (StrOutputParser, "parse_result"),
    (StrOutputParser, "parse"),
    (ChatGeneration, "set_text"),
    (BaseMessage, "text"),
    (BaseChatModel, "atransform"),
    (BaseChatModel, "astream"),
)
REPLACEABLE = frozenset({"astream", "atransform", "_atransform_stream_with_config"})
KNOWN = frozenset({"e4994bee8d1108e7"})
"""Digests of that code: langchain-core 1.7.2."""

_found = tuple((owner, name, getattr(owner, name)) for owner, name in READ)


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
    return _is_known and all(getattr(owner, name) is found for owner, name, found in _found)
