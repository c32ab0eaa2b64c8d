from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from chains.contract import Exchange, prepare
from chains.scripted import Scripted
from chains.text_view import split, text_view

pytestmark = pytest.mark.anyio

MESSAGES = [
    SystemMessage("be kind"),
    HumanMessage("one"),
    AIMessage("1"),
    HumanMessage("unanswered"),
    HumanMessage("tokens=2"),
]


def test_the_last_human_message_is_the_question_and_the_exchanges_before_it_the_history() -> None:
    assert split(MESSAGES) == ("tokens=2", [Exchange("one", "1")])


def test_a_conversation_without_a_question_is_an_error() -> None:
    with pytest.raises(ValueError, match="human message"):
        split([AIMessage("hello")])


async def test_any_chain_answers_messages_with_text() -> None:
    scripted = Scripted()
    view = text_view(prepare("scripted", scripted.runnable()))
    assert await view.ainvoke({"messages": MESSAGES}) == "t0 t1 "
    assert scripted.calls[0].history == 2


def test_the_schemas_are_those_that_the_chat_playground_can_show() -> None:
    view = text_view(prepare("scripted", Scripted().runnable()))
    wanted = view.get_input_jsonschema()
    assert list(wanted["properties"]) == ["messages"]
    assert wanted["properties"]["messages"]["type"] == "array"
    assert wanted["properties"]["messages"]["extra"]["widget"]["type"] == "chat"
    assert view.get_output_jsonschema()["type"] == "string"
