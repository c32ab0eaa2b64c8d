"""A chain that says what the question tells it to, word for word.

The question is JSON: `{"answer": "…", "pieces": 40, "rate": 100, "sources": [{…}], "confidence": 0.8}`; only
the answer must be there. It comes in so many pieces of about one length, at `rate` a second (0 is as fast as
it can), and then come the sources and the confidence.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from langchain_core.runnables import Runnable, RunnableGenerator
from langchain_core.runnables.utils import AddableDict

from chains.inputs import ChatInput


@dataclass(frozen=True)
class _Line:
    answer: str
    pieces: int = 1
    rate: float = 0
    sources: list[dict[str, Any]] = field(default_factory=list)  # Any: JSON
    confidence: float | None = None

    def split(self) -> Iterator[str]:
        """All of the answer, in at most `pieces` parts: none is empty."""
        length, count = len(self.answer), max(1, self.pieces)
        bounds = [length * number // count for number in range(count + 1)]
        return filter(None, (self.answer[start:end] for start, end in pairwise(bounds)))


async def _say(given: AsyncIterator[Any]) -> AsyncIterator[AddableDict]:  # Any: a dict, or the bare question
    last = [each async for each in given][-1]
    line = _Line(**json.loads(last["question"] if isinstance(last, dict) else last))
    for piece in line.split():
        yield AddableDict(answer=piece)
        await asyncio.sleep(1 / line.rate if line.rate else 0)
    if line.sources:
        yield AddableDict(sources=line.sources)
    if line.confidence is not None:
        yield AddableDict(confidence=line.confidence)


def build() -> Runnable[Any, Any]:  # Any: the input may be a model or a dict
    """Say what the question holds."""
    return RunnableGenerator(_say).with_types(input_type=ChatInput)
