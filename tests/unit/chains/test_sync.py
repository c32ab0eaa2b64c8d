from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import (
    Runnable,
    RunnableGenerator,
    RunnableLambda,
    RunnablePassthrough,
    RunnableSequence,
)

from chains.sync import only_synchronous

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SYNC_MODEL = GenericFakeChatModel(messages=iter([AIMessage("x")]))
ASYNC_MODEL = FakeListChatModel(responses=["x"])
PROMPT = ChatPromptTemplate.from_template("{q}")


def ordinary(value: str) -> str:
    return value


async def asynchronous(value: str) -> str:
    return value


async def generator(values: AsyncIterator[str]) -> AsyncIterator[str]:
    async for value in values:
        yield value


def sync_generator(values: Iterator[str]) -> Iterator[str]:
    yield from values


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (PROMPT | SYNC_MODEL, True),
        (PROMPT | ASYNC_MODEL, False),
        (RunnableLambda(ordinary), True),
        (RunnableLambda(asynchronous), False),
        (RunnableSequence(RunnableLambda(ordinary), PROMPT, ASYNC_MODEL), False),
        (RunnableGenerator(sync_generator), True),
        (RunnableGenerator(generator), False),
        (RunnableGenerator(generator).with_types(input_type=str), False),
        (RunnablePassthrough.assign(answer=PROMPT | SYNC_MODEL), True),
        (RunnablePassthrough.assign(answer=PROMPT | ASYNC_MODEL), False),
    ],
)
def test_only_a_chain_without_any_asynchronous_part_needs_threads(
    chain: Runnable[Any, Any], expected: bool
) -> None:
    assert only_synchronous(chain) is expected
