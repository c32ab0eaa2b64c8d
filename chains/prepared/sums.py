"""Sums that nobody reads, taken only as far as they may fail.

LangChain adds up all that a step has said, for whoever listens to its end, and an addition that raises
anything but a TypeError ends the answer. So it is left out only where it cannot raise: between texts, between
dicts of texts, and between plain pieces of a message.
"""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.base import TextAccessor
from langchain_core.runnables.utils import AddableDict

TEXTS = frozenset({str, TextAccessor})
_UNSUPPORTED = object()


class Sum:
    """The sum of a step's output, or something that behaves as it does when the next output is added."""

    __slots__ = ("_sum",)

    def __init__(self) -> None:
        self._sum: Any = None

    def add(self, piece: Any) -> None:  # Any: a stranger's output, and so is what `+` makes of it
        """Raise what `sum + piece` raises, unless it is a TypeError."""
        before = self._sum
        if before is None:
            self._sum = piece
        elif type(piece) in TEXTS and type(before) in TEXTS:
            self._sum = piece or before  # whether it is empty can matter to an AddableDict
        elif before is not _UNSUPPORTED and not _joins(before, piece):
            try:
                self._sum = before + piece
            except TypeError:
                self._sum = _UNSUPPORTED


def _joins(before: object, piece: object) -> bool:
    """Tell whether these add up without fail, to something that adds up as `before` does."""
    if type(piece) is AddableDict and type(before) is AddableDict:
        return all(type(each) in TEXTS and type(before.get(key)) in TEXTS for key, each in piece.items())
    return type(piece) is AIMessageChunk and type(before) is AIMessageChunk and plain(piece) and plain(before)


def plain(message: AIMessageChunk) -> bool:
    """Tell whether a piece of a message is text and nothing else."""
    return not (
        type(message.content) is not str
        or message.additional_kwargs
        or message.response_metadata
        or message.tool_call_chunks
        or message.usage_metadata
        or message.chunk_position
    )
