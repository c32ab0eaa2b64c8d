from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chains.answering.answer import NO_ANSWER, NO_DOCUMENTS
from chains.contract import Chain, Exchange, Piece, prepare
from chains.ingest import Source, add_document
from chains.library import open_index
from chains.rag import build
from chains.settings import ChainSettings

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_core.runnables import Runnable

DOCUMENT = b"""\
# Steadychat

## Resuming

A client that lost its connection sends the position of the last event it has seen. The server then sends
everything that was committed after that position, so that no text is lost.

## Uploads

Documents are uploaded with a POST to the documents address. They are searched as soon as they are embedded.
"""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runnable[Any, Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("STEADYCHAT_EXTRACTIVE_WORDS_PER_SECOND", "0")
    monkeypatch.delenv("STEADYCHAT_MODEL", raising=False)
    return build()


@pytest.fixture
def rag(empty: Runnable[Any, Any]) -> Runnable[Any, Any]:
    index = open_index(ChainSettings())
    add_document(index, Source("guide", "guide.md", None, DOCUMENT))
    return empty


async def answer(chain: Chain, question: str, *history: Exchange) -> tuple[str, list[Piece]]:
    pieces = [each async for each in chain.pieces(question, history)]
    return "".join(each.text for each in pieces), pieces


@pytest.mark.anyio
async def test_an_answer_is_quoted_word_by_word_and_ends_with_its_sources(rag: Runnable[Any, Any]) -> None:
    text, pieces = await answer(prepare("rag", rag), "How does a client resume after a lost connection?")
    assert "sends the position of the last event" in text
    assert [each.status for each in pieces if each.status] == ["searching", "answering"]
    assert len([each for each in pieces if each.text]) > 10
    sources, confidence = pieces[-1].sources, pieces[-1].confidence
    assert sources
    assert sources[0].title == "Steadychat \u203a Resuming"
    assert confidence is not None
    assert 0 < confidence < 1


@pytest.mark.anyio
@pytest.mark.parametrize("question", ["What is the capital of France?", "How do I bake bread?"])
async def test_a_question_about_something_else_is_declined(rag: Runnable[Any, Any], question: str) -> None:
    text, pieces = await answer(prepare("rag", rag), question)
    assert text == NO_ANSWER
    assert pieces[-1].sources == ()


@pytest.mark.anyio
async def test_a_follow_up_is_understood_from_the_question_before_it(rag: Runnable[Any, Any]) -> None:
    before = Exchange("How are documents uploaded?", "With a POST.")
    text, _ = await answer(prepare("rag", rag), "And when are they searched?", before)
    assert "as soon as they are embedded" in text


@pytest.mark.anyio
async def test_without_documents_it_says_how_to_add_some(empty: Runnable[Any, Any]) -> None:
    assert (await answer(prepare("rag", empty), "Anything?"))[0] == NO_DOCUMENTS


def test_invoke_and_batch_give_whole_answers_without_a_history(rag: Runnable[Any, Any]) -> None:
    asked = {"question": "How are documents uploaded?"}
    whole = rag.invoke(asked)
    assert set(whole) == {"status", "answer", "sources", "confidence"}
    assert whole["status"] == "answering"
    assert rag.batch([asked, asked]) == [whole, whole]


@pytest.mark.anyio
async def test_invoke_and_batch_work_in_an_event_loop_too(rag: Runnable[Any, Any]) -> None:
    asked = {"question": "How are documents uploaded?"}
    assert await rag.abatch([asked]) == [await rag.ainvoke(asked)] == [rag.invoke(asked)]


def test_its_input_is_typed_with_a_history_that_may_be_left_out(rag: Runnable[Any, Any]) -> None:
    schema = rag.get_input_jsonschema()
    assert set(schema["properties"]) == {"question", "chat_history"}
    assert schema["required"] == ["question"]


def test_its_labels_are_for_people(rag: Runnable[Any, Any]) -> None:
    chain = prepare("rag", rag)
    assert (chain.title, chain.threads) == ("Documents", None)
    assert chain.description
