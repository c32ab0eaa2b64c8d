"""Any chain as messages in, text out: the form that LangServe's chat playground can show."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Self

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableGenerator
from pydantic import BaseModel, Field, model_validator

from chains.model import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from chains.contract import Chain


class MessagesInput(BaseModel):
    """A conversation whose last human message is the question.

    The chat playground wants an object with exactly one array in it; the plain one shows it as a chat by the
    widget.
    """

    messages: list[HumanMessage | AIMessage | SystemMessage] = Field(
        description="The conversation so far; the last human message is the question.",
        json_schema_extra={"extra": {"widget": {"type": "chat", "input": "messages"}}},
    )

    @model_validator(mode="after")
    def _holds_a_question(self) -> Self:
        split(self.messages)
        return self


def text_view(chain: Chain) -> Runnable[Any, str]:  # Any: LangServe hands over a dict
    """Return a Runnable from a list of messages to the text of the chain's answer."""

    async def speak(given: AsyncIterator[Any]) -> AsyncIterator[str]:
        question, history = split([each async for each in given][-1]["messages"])
        async for piece in chain.pieces(question, history):
            if piece.text:
                yield piece.text

    return RunnableGenerator(speak).with_types(input_type=MessagesInput, output_type=str)


def split(messages: Sequence[BaseMessage]) -> tuple[str, list[Exchange]]:
    """Return the last human message, and the exchanges before it. Raises `ValueError` without one."""
    questions = [place for place, each in enumerate(messages) if isinstance(each, HumanMessage)]
    if not questions:
        raise ValueError("messages must hold a human message: it is the question")
    last = questions[-1]
    return str(messages[last].text), exchanges(messages[:last])


def exchanges(messages: Sequence[BaseMessage]) -> list[Exchange]:
    """Return each human message with the answer that follows it; what has no partner is left out."""
    pairs = itertools.pairwise(messages)
    return [
        Exchange(str(question.text), str(answer.text))
        for question, answer in pairs
        if isinstance(question, HumanMessage) and isinstance(answer, AIMessage)
    ]
