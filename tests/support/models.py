"""Chat models that do as a test needs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnablePassthrough

PROMPT = ChatPromptTemplate.from_template("{question}")


class Endless(BaseChatModel):
    """A model that never ends by itself, and tells when its stream was closed.

    With `silent` it waits for ever after its first word.
    """

    silent: bool = False
    closed: list[bool] = []  # noqa: RUF012 - a pydantic field: every instance has its own

    @property
    def _llm_type(self) -> str:
        return "endless"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:  # Any: never called
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        try:
            while True:
                await asyncio.sleep(0)
                yield ChatGenerationChunk(message=AIMessageChunk(content="word "))
                if self.silent:
                    await asyncio.Event().wait()
        finally:
            self.closed.append(True)


def shapes(model: BaseChatModel) -> list[Runnable[Any, Any]]:
    """The usual ways in which a chain holds its model."""
    return [
        model,
        PROMPT | model,
        PROMPT | model | StrOutputParser(),
        RunnablePassthrough.assign(answer=PROMPT | model | StrOutputParser()),
    ]
