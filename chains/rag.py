"""The built-in chain, composed: condense | retrieve | answer. Answers from your documents, with sources."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableGenerator
from langchain_core.runnables.utils import AddableDict

from chains.answering.answer import Answerer, Asked, ExtractiveAnswerer, PromptedAnswerer
from chains.answering.condense import condense_with
from chains.answering.extractive import ExtractiveModel
from chains.answering.providers import chat_model
from chains.answering.quoting import Quoter
from chains.inputs import ChatInput
from chains.library import open_index
from chains.retrieval.retriever import Retriever
from chains.retrieval.stems import Stemmer
from chains.settings import ChainSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.language_models import BaseChatModel

SEARCHERS = 2  # embedding a question takes a core for some milliseconds: more threads would only wait
TITLE, DESCRIPTION = "Documents", "Answers from your documents, with sources."


class Stage(str):
    """A status: of two, the later one stands, where ordinary strings would be joined by `invoke`."""

    __slots__ = ()

    def __add__(self, later: str) -> str:
        return later


class Rag:
    """The three steps, and the order in which they speak."""

    def __init__(self, condense: Runnable[Any, str], retriever: Retriever, answerer: Answerer) -> None:
        self._condense = condense
        self._retriever = retriever
        self._answerer = answerer
        self._searchers = ThreadPoolExecutor(SEARCHERS, thread_name_prefix="search")

    def runnable(self) -> Runnable[Any, Any]:  # Any: the input may be a model or a dict
        speaking = RunnableGenerator(self._speak_at_once, self._speak)
        labels = {"title": TITLE, "description": DESCRIPTION}
        return speaking.with_config(run_name="rag", metadata=labels).with_types(input_type=ChatInput)

    async def _speak(self, inputs: AsyncIterator[Any]) -> AsyncIterator[AddableDict]:
        given = [each async for each in inputs][-1]
        yield AddableDict(status=Stage("searching"))
        question = await self._condense.ainvoke(given)
        search = partial(self._retriever.search, question)
        findings = await asyncio.get_running_loop().run_in_executor(self._searchers, search)
        yield AddableDict(status=Stage("answering"))
        asked = Asked(str(given["question"]), given.get("chat_history") or (), findings)
        async for piece in self._answerer.answer(asked):
            yield piece

    def _speak_at_once(self, inputs: Iterator[Any]) -> Iterator[AddableDict]:
        """Answer a caller without an event loop: the whole answer, then its pieces."""

        async def given() -> AsyncIterator[Any]:
            for each in inputs:
                yield each

        async def pieces() -> list[AddableDict]:
            return [each async for each in self._speak(given())]

        with ThreadPoolExecutor(1) as aside:
            yield from aside.submit(asyncio.run, pieces()).result()


def build() -> Runnable[Any, Any]:  # Any: the input may be a model or a dict
    """Answers from your documents, with sources."""
    settings = ChainSettings()
    index = open_index(settings)
    _ = index.embedder  # a model that cannot be used stops the start, not the first answer
    retriever = Retriever(index)
    model = chat_model(settings.model, settings.model_base_url) if settings.model else None
    return Rag(condense_with(model), retriever, answerer_for(model, settings)).runnable()


def answerer_for(model: BaseChatModel | None, settings: ChainSettings) -> Answerer:
    if model is not None:
        return PromptedAnswerer(model)
    extractive = ExtractiveModel(words_per_second=settings.extractive_words_per_second)
    return ExtractiveAnswerer(extractive, Quoter(Stemmer()))
