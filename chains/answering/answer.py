"""From findings to an answer: a plain refusal, quotes, or what a chat model writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from langchain_core.runnables.utils import AddableDict

from chains.answering.citations import Citations
from chains.answering.prompts import ANSWER, numbered
from chains.answering.quoting import Quoter, spoken
from chains.retrieval.judgement import answerable, confidence
from chains.retrieval.sources import source_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from chains.answering.extractive import ExtractiveModel
    from chains.retrieval.records import Findings, Hit

NO_DOCUMENTS = (
    "There are no documents to answer from yet. Add some with `steadychat ingest PATH`, then ask again."
)
NO_ANSWER = (
    "The documents do not seem to hold an answer to that. Other words may help, or more documents: "
    "`steadychat ingest PATH` adds them."
)


@dataclass(frozen=True)
class Asked:
    """A question as it was put, what came before it, and what was found for it."""

    question: str
    history: Sequence[BaseMessage]
    findings: Findings


class Answerer(Protocol):
    def answer(self, asked: Asked) -> AsyncIterator[AddableDict]:
        """Yield the text in pieces, then `sources` in the order of their citations, with `confidence`."""


class ExtractiveAnswerer:
    """Quotes the passages; declines where they do not hold an answer."""

    def __init__(self, model: ExtractiveModel, quoter: Quoter) -> None:
        self._model = model
        self._quoter = quoter

    async def answer(self, asked: Asked) -> AsyncIterator[AddableDict]:
        findings = asked.findings
        quotes = self._quoter.quotes(findings) if answerable(findings) else []
        text = spoken(quotes) if quotes else refusal(findings)
        async for chunk in self._model.astream(asked.question, answer=text):
            yield AddableDict(answer=str(chunk.text))
        yield ending([each.hit for each in quotes], findings)


class PromptedAnswerer:
    """Asks a chat model to answer from the passages; it declines by itself."""

    def __init__(self, model: BaseChatModel) -> None:
        self._writing = ANSWER | model

    async def answer(self, asked: Asked) -> AsyncIterator[AddableDict]:
        hits = asked.findings.hits
        if not hits:
            yield AddableDict(answer=refusal(asked.findings))
            yield ending([], asked.findings)
            return
        citations = Citations(len(hits))
        async for chunk in self._writing.astream(_variables(asked)):
            if text := citations.feed(str(chunk.text)):
                yield AddableDict(answer=text)
        if rest := citations.flush():
            yield AddableDict(answer=rest)
        yield ending([hits[place] for place in citations.cited], asked.findings)


def _variables(asked: Asked) -> dict[str, Any]:  # Any: a prompt takes text and messages
    return {
        "passages": numbered(asked.findings.hits),
        "chat_history": list(asked.history),
        "question": asked.question,
    }


def refusal(findings: Findings) -> str:
    return NO_ANSWER if findings.indexed else NO_DOCUMENTS


def ending(cited: Sequence[Hit], findings: Findings) -> AddableDict:
    """Return the last piece: the cited passages, and how sure the search is."""
    sources = [source_of(each).as_json() for each in cited]
    return AddableDict(sources=sources, confidence=confidence(findings))
