"""The chunks of a model's stream that its end may depend on."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.outputs.chat_generation import merge_chat_generation_chunks


class Kept:
    """LangChain keeps all chunks of a stream and merges them at its end, which fails for some.

    What is more of the same is not kept: text after text, with metadata of texts that an earlier one had. It
    joins whatever the earlier one joins.
    """

    def __init__(self) -> None:
        self._chunks: list[ChatGenerationChunk] = []
        self._seen: dict[str, Any] | None = None  # Any: a provider's

    def add(self, chunk: ChatGenerationChunk) -> bool:
        """Keep the chunk if it may matter, and tell whether it does."""
        light, metadata = _is_light(chunk), chunk.message.response_metadata
        if light and metadata == self._seen:
            return False
        self._chunks.append(chunk)
        if light and all(type(each) is str for each in metadata.values()):
            self._seen = metadata
        return True

    def merge(self) -> None:
        """Raise what merging all chunks raises,."""
        merge_chat_generation_chunks(self._chunks)


def _is_light(chunk: ChatGenerationChunk) -> bool:
    message = chunk.message
    return (
        type(chunk) is ChatGenerationChunk
        and type(message) is AIMessageChunk
        and type(message.content) is str
        and not chunk.generation_info
        and not message.additional_kwargs
        and not message.tool_call_chunks
        and not message.usage_metadata
        and not message.chunk_position
    )
