"""What `StrOutputParser` makes of a piece of a stream, without its hop to a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, Generation

from chains.prepared.running import unless_heard

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from langchain_core.runnables import RunnableConfig

_parser = StrOutputParser()  # has no state and no settings


class Texts:
    """A parser of texts; what comes before it in a sequence may know how to be both at once."""

    def __init__(self, parser: StrOutputParser) -> None:
        self._parser = parser

    def __call__(
        self,
        inputs: AsyncIterator[Any],
        config: RunnableConfig | None = None,
        **bound: Any,  # Any: as `atransform` takes it
    ) -> AsyncGenerator[str]:
        return unless_heard(self._parser, _texts, inputs, config, **bound)


async def _texts(inputs: AsyncIterator[Any]) -> AsyncGenerator[str]:  # Any: what a stranger's step says
    async for each in inputs:
        yield text_of(each)


def text_of(piece: Any) -> str:  # Any: as above
    """Return what the parser returns for it, or raise what it raises."""
    if type(piece) is AIMessageChunk and type(piece.content) is str:
        return piece.text
    if isinstance(piece, BaseMessage):
        return _parser.parse_result([ChatGeneration(message=piece)])
    return _parser.parse_result([Generation(text=piece)])
