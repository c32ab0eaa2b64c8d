"""A chat model that needs no model: it quotes the passages it is given, at a reader's pace."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.messages import BaseMessage

_WORD = re.compile(r"\s*\S+\s*")


class ExtractiveModel(BaseChatModel):
    """Speaks the quotes given as `answer`, word by word; the messages are not read.

    `words_per_second` paces the stream against a clock, so that a slow reader makes it no slower; 0 is as
    fast as it can. Called for a whole answer at once it does not wait.
    """

    words_per_second: float = 60

    @property
    def _llm_type(self) -> str:
        return "steadychat-extractive"

    def _generate(
        self,
        messages: list[BaseMessage],  # noqa: ARG002  (LangChain's signature)
        stop: list[str] | None = None,  # noqa: ARG002  (LangChain's signature)
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002  (LangChain's signature)
        **kwargs: Any,  # Any: LangChain's signature
    ) -> ChatResult:
        message = AIMessage(content=kwargs["answer"])
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self,
        messages: list[BaseMessage],  # noqa: ARG002  (LangChain's signature)
        stop: list[str] | None = None,  # noqa: ARG002  (LangChain's signature)
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002  (LangChain's signature)
        **kwargs: Any,  # Any: LangChain's signature
    ) -> AsyncIterator[ChatGenerationChunk]:
        start = time.monotonic()
        for number, word in enumerate(words(kwargs["answer"])):
            if self.words_per_second:
                await asyncio.sleep(max(0.0, start + number / self.words_per_second - time.monotonic()))
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))


def words(text: str) -> Iterator[str]:
    """Cut a text into words with the white space after them; joined they are the text."""
    return (found.group() for found in _WORD.finditer(text))
