"""The chains that all servers of the benchmark serve alike.

A question is `<tokens> <seconds between them>`, with other words before it if one likes; 0 seconds is as fast
as the loop goes, one turn a token, as a network read would take. Each token says its number and the moment it
was due, ` w@<number>:<nanoseconds of time.monotonic>@`, so that what holds the server's loop up counts as
lateness too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableGenerator

NS = 1_000_000_000
Source: TypeAlias = Callable[[str], AsyncIterator[str]]


async def marked(question: str) -> AsyncIterator[str]:
    """The tokens themselves: what a model's stream would bring."""
    count, delay = question.split()[-2:]
    step = int(float(delay) * NS)
    due = time.monotonic_ns()
    for number in range(int(count)):
        due = due + step if step else time.monotonic_ns()
        wait = due - time.monotonic_ns()
        if wait > 0 or not step:  # what is due already waits in the socket of the model
            await asyncio.sleep(max(0, wait) / NS)
        yield f" w@{number}:{due}@"


class FakeModel(BaseChatModel):
    """Streams its source as a provider's chat model streams: a chunk a token, and its callback."""

    source: Source = marked

    @property
    def _llm_type(self) -> str:
        return "fake"

    def _generate(
        self,
        messages: list[BaseMessage],  # noqa: ARG002 - LangChain's signature
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_kwargs: Any,  # Any: LangChain's
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content="Ask me to stream."))])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_kwargs: Any,  # Any: LangChain's
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for token in self.source(str(messages[-1].content)):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=token))
            if run_manager is not None:  # as the providers' packages do
                await run_manager.on_llm_new_token(token, chunk=chunk)
            yield chunk


def lcel(source: Source = marked) -> Runnable[Any, Any]:  # Any: LangChain's inputs and outputs
    """The chain that most people write: a prompt, a model, and its text."""
    prompt = ChatPromptTemplate.from_messages([("system", "You are helpful."), ("human", "{question}")])
    return prompt | FakeModel(source=source) | StrOutputParser()


def free(source: Source = marked) -> Runnable[Any, Any]:  # Any: as above
    """A chain that costs next to nothing."""

    async def stream(given: AsyncIterator[str]) -> AsyncIterator[str]:
        async for question in given:
            async for token in source(question):
                yield token

    def refuse(given: Iterator[str]) -> Iterator[str]:
        yield from given
        raise NotImplementedError("this chain only streams asynchronously")

    return RunnableGenerator(refuse, stream).with_types(input_type=str, output_type=str)
