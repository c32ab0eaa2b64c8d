from __future__ import annotations

from chains.answering.prompts import ANSWER, numbered
from chains.retrieval.records import Hit


def hit(text: str) -> Hit:
    return Hit("d-0", "d", 0, "Title", text, None, None, 1.0, 0.5)


def test_passages_are_numbered_and_braces_in_them_are_only_text() -> None:
    shown = numbered([hit("one {x}"), hit("two")])
    messages = ANSWER.format_messages(passages=shown, chat_history=[], question="q {y}")
    assert '<passage number="2" title="Title">\ntwo' in str(messages[0].text)
    assert "one {x}" in str(messages[0].text)
    assert str(messages[-1].text) == "q {y}"


def test_no_passages_are_said_to_be_none() -> None:
    assert "no passages" in numbered([])
