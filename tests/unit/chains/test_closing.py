from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnablePassthrough

from chains.contract import prepare

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio


class Endless(BaseChatModel):
    """A model that never ends by itself and says when its stream was closed."""

    closed: list[bool] = []  # noqa: RUF012  (a pydantic field: every instance has its own)

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
        finally:
            self.closed.append(True)


PROMPT = ChatPromptTemplate.from_template("{question}")


def shapes(model: Endless) -> list[Runnable[Any, Any]]:
    return [
        model,
        PROMPT | model,
        PROMPT | model | StrOutputParser(),
        RunnablePassthrough.assign(answer=PROMPT | model | StrOutputParser()),
    ]


@pytest.mark.parametrize("shape", range(4))
async def test_closing_the_pieces_closes_the_models_own_stream(shape: int) -> None:
    model = Endless()
    pieces = prepare("mine", shapes(model)[shape]).pieces("q")
    assert (await anext(pieces)).text == "word "
    await pieces.aclose()
    assert model.closed == [True]


@pytest.mark.parametrize("shape", range(3))
async def test_cancelling_a_pull_closes_the_models_own_stream(shape: int) -> None:
    model = Endless()
    pieces = prepare("mine", shapes(model)[shape]).pieces("q")
    first = asyncio.Event()

    async def pull() -> None:
        async for _ in pieces:
            first.set()

    pulling = asyncio.ensure_future(pull())
    await first.wait()
    pulling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulling
    await pieces.aclose()
    assert model.closed == [True]
