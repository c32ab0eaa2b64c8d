from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from chains.answering.answer import (
    NO_ANSWER,
    NO_DOCUMENTS,
    Answerer,
    Asked,
    ExtractiveAnswerer,
    PromptedAnswerer,
)
from chains.answering.extractive import ExtractiveModel
from chains.answering.quoting import Quoter
from chains.pieces import to_piece
from chains.retrieval.records import Evidence, Findings, Hit
from chains.retrieval.stems import Stemmer

if TYPE_CHECKING:
    from chains.model import Source

pytestmark = pytest.mark.anyio

TEXT = "Leases are renewed every five seconds by their owner."
HITS = tuple(Hit(f"d-{n}", "d", n, "Title", TEXT, None, None, 1 / (n + 1), 0.9 / (n + 1)) for n in range(3))
FOUND = Findings("q", HITS, Evidence(0.9, 1.0), {"leas": 1.0}, 100)
FAR = Findings("q", HITS, Evidence(0.1, 0.0), {"leas": 1.0}, 100)
EMPTY = Findings("q", (), Evidence(0, 0), {}, 0)


async def answered(answerer: Answerer, findings: Findings) -> tuple[str, tuple[Source, ...], float]:
    pieces = [to_piece(each) async for each in answerer.answer(Asked("q", (), findings))]
    last = pieces[-1]
    assert last.sources is not None
    assert last.confidence is not None
    return "".join(each.text for each in pieces), last.sources, last.confidence


def extractive() -> Answerer:
    return ExtractiveAnswerer(ExtractiveModel(words_per_second=0), Quoter(Stemmer()))


async def test_quotes_come_with_their_sources() -> None:
    text, sources, confidence = await answered(extractive(), FOUND)
    assert text == f"{TEXT} [1]"
    assert [each.id for each in sources] == ["d-0"]
    assert confidence > 0.5


async def test_a_question_that_the_documents_do_not_answer_is_declined_plainly() -> None:
    text, sources, confidence = await answered(extractive(), FAR)
    assert (text, sources) == (NO_ANSWER, ())
    assert confidence < 0.2


async def test_no_documents_at_all_is_said_differently_with_what_to_do() -> None:
    for answerer in (extractive(), PromptedAnswerer(FakeListChatModel(responses=["unasked"]))):
        assert await answered(answerer, EMPTY) == (NO_DOCUMENTS, (), 0.0)
    assert "steadychat ingest PATH" in NO_DOCUMENTS


async def test_a_chat_models_citations_are_numbered_anew_and_only_cited_passages_are_sources() -> None:
    model = FakeListChatModel(responses=["Five seconds [3]; its owner [1], see [3] [7]."])
    text, sources, _ = await answered(PromptedAnswerer(model), FOUND)
    assert text == "Five seconds [1]; its owner [2], see [1] ."
    assert [each.id for each in sources] == ["d-2", "d-0"]
