from __future__ import annotations

from operator import itemgetter
from typing import Any, TypedDict

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from langgraph.graph import END, START, MessagesState, StateGraph
from pydantic import BaseModel

from chains.errors import ChainRefused
from chains.inputs import ChatInput, inputs_for
from chains.model import Exchange

MODEL = FakeListChatModel(responses=["hello"])
HISTORY = [HumanMessage("a"), AIMessage("b")]
BOTH = {"question": "q", "chat_history": HISTORY}
MESSAGES = [*HISTORY, HumanMessage("q")]


class Typed(TypedDict):
    question: str


class Model(BaseModel):
    question: str
    language: str = "en"


def same(value: Any) -> Any:  # Any: an untyped chain is the point
    return value


def upper(value: str) -> str:
    return value.upper()


def graph() -> Runnable[Any, Any]:  # Any: LangGraph's types are its own affair
    made = StateGraph(MessagesState)
    made.add_node("say", lambda state: state)
    made.add_edge(START, "say")
    made.add_edge("say", END)
    return made.compile()


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (ChatPromptTemplate.from_template("{topic}") | MODEL, {"topic": "q"}),
        (PromptTemplate.from_template("{x}") | MODEL, {"x": "q"}),
        (
            ChatPromptTemplate.from_messages([MessagesPlaceholder("chat_history"), ("human", "{question}")]),
            BOTH,
        ),
        (
            ChatPromptTemplate.from_messages(
                [MessagesPlaceholder("chat_history", optional=True), ("human", "{topic}")]
            ),
            {"topic": "q", "chat_history": HISTORY},
        ),
        (ChatPromptTemplate.from_messages([MessagesPlaceholder("messages")]), {"messages": MESSAGES}),
        (
            PromptTemplate.from_template("{chat_history} {question}"),
            {"question": "q", "chat_history": "Human: a\nAI: b"},
        ),
        (MODEL, MESSAGES),
        (graph(), {"messages": MESSAGES}),
        (RunnableLambda(upper), "q"),
        (RunnableLambda(same), BOTH),
        (RunnableLambda(same).with_types(input_type=Typed), BOTH),
        (RunnableLambda(same).with_types(input_type=Model), BOTH),
        (RunnableLambda(same).with_types(input_type=ChatInput), BOTH),
        ({"x": RunnablePassthrough()} | ChatPromptTemplate.from_template("{x}"), "q"),
        ({"x": itemgetter("question")} | ChatPromptTemplate.from_template("{x}"), BOTH),
    ],
)
def test_a_chain_gets_what_its_schema_wants(chain: Runnable[Any, Any], expected: object) -> None:
    assert inputs_for("mine", chain)("q", [Exchange("a", "b")]) == expected


@pytest.mark.parametrize(
    ("template", "named"),
    [("{a} {b}", "wants a, b"), ("{question} {language}", "wants language"), ("no variable", "no variable")],
)
def test_a_chain_that_wants_other_variables_is_refused_with_their_names(template: str, named: str) -> None:
    if template == "no variable":
        chain: Runnable[Any, Any] = ChatPromptTemplate.from_messages(
            [MessagesPlaceholder("chat_history", optional=True)]
        )
    else:
        chain = ChatPromptTemplate.from_template(template) | MODEL
    with pytest.raises(ChainRefused, match=named) as refused:
        inputs_for("mine", chain)
    assert "\n" not in str(refused.value)
    assert "chain mine" in str(refused.value)
