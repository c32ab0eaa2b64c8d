"""What `StrOutputParser` makes of a piece of a stream, without its hop to a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, Generation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

_parser = StrOutputParser()  # has no state and no settings


async def texts(inputs: AsyncIterator[Any]) -> AsyncGenerator[str]:  # Any: what a stranger's step says
    """Yield the text of each message or string."""
    async for each in inputs:
        yield text_of(each)


def text_of(piece: Any) -> str:  # Any: as above
    """Return what the parser returns for it, or raise what it raises."""
    if type(piece) is AIMessageChunk and type(piece.content) is str:
        return piece.text
    if isinstance(piece, BaseMessage):
        return _parser.parse_result([ChatGeneration(message=piece)])
    return _parser.parse_result([Generation(text=piece)])
