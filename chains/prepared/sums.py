"""Sums that nobody reads, taken only as far as they may fail.

LangChain adds up all that a step has said, for whoever listens to its end, and an addition that raises
anything but a TypeError ends the answer. So it is left out only where it cannot raise: between texts, between
dicts of texts, and between plain pieces of a message.
"""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.base import TextAccessor
from langchain_core.runnables import base
from langchain_core.runnables.utils import AddableDict

TEXTS = frozenset({str, TextAccessor})
MESSAGES_WAIT = hasattr(base, "_ChunkAccumulator")
"""LangChain 1.7.7 and later add pieces of messages up when something else comes, or at the end."""
_UNSUPPORTED = object()


class Sum:
    """The sum of a step's output, or something that behaves as it does when the next output is added."""

    __slots__ = ("_error", "_sum")

    def __init__(self) -> None:
        self._sum: Any = None
        self._error: Exception | None = None

    def add(self, piece: Any) -> None:  # Any: a stranger's output, and so is what `+` makes of it
        """Raise what `sum + piece` raises, unless it is a TypeError."""
        before = self._sum
        if before is None:
            self._sum = piece
        elif type(piece) in TEXTS and type(before) in TEXTS:
            self._sum = piece or before  # whether it is empty can matter to an AddableDict
        elif before is not _UNSUPPORTED and not _joins(before, piece):
            self._add(before, piece)

    def end(self) -> None:
        """Raise what has waited for the end."""
        if self._error is not None:
            raise self._error

    def _add(self, before: Any, piece: Any) -> None:  # Any: as above
        waits = MESSAGES_WAIT and isinstance(before, AIMessageChunk) and isinstance(piece, AIMessageChunk)
        if not waits:
            self.end()
        elif self._error is not None:
            return
        try:
            self._sum = before + piece
        except TypeError:
            self._sum = _UNSUPPORTED
        except Exception as error:
            if not waits:
                raise
            self._error = error


def _joins(before: object, piece: object) -> bool:
    """Tell whether these add up without fail, to something that adds up as `before` does."""
    if type(piece) is AddableDict and type(before) is AddableDict:
        for key, each in piece.items():
            if type(each) not in TEXTS or type(before.get(key)) not in TEXTS:
                return False
        return True
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
