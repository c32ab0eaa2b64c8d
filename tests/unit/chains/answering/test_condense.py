from __future__ import annotations

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage

from chains.answering.condense import condense_with, standalone

HISTORY = [
    HumanMessage("What is a lease?"),
    AIMessage("It fences."),
    HumanMessage("And why?"),
    AIMessage("So."),
]


@pytest.mark.parametrize("question", ["How long is it?", "Why?", "What about those?", "and the renewal"])
def test_a_follow_up_is_searched_for_with_the_last_question_that_stands_alone(question: str) -> None:
    assert standalone({"question": question, "chat_history": HISTORY}) == f"What is a lease? {question}"


@pytest.mark.parametrize(
    "question",
    [
        "What is Debian?",
        "How do I resume after a disconnect?",
        "Which files does it keep in the data folder?",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    assert standalone({"question": question, "chat_history": HISTORY}) == question


@pytest.mark.parametrize("given", [{"question": "Why?"}, {"question": "Why?", "chat_history": None}])
def test_without_a_history_there_is_nothing_to_add(given: dict[str, object]) -> None:
    assert standalone(given) == "Why?"


@pytest.mark.anyio
async def test_a_chat_model_rewrites_follow_ups_and_is_not_asked_otherwise() -> None:
    condense = condense_with(FakeListChatModel(responses=["How long is a lease?"]))
    assert (
        await condense.ainvoke({"question": "How long?", "chat_history": HISTORY}) == "How long is a lease?"
    )
    assert await condense.ainvoke({"question": "How long?", "chat_history": []}) == "How long?"
