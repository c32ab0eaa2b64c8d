from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda, RunnablePassthrough

from chains.contract import Chain, ChainRefused, Piece, SurrogateJoiner, UnsupportedPiece, prepare

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio


def saying(*pieces: object) -> Runnable[Any, Any]:
    async def speak(given: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for _ in given:
            for each in pieces:
                yield each

    return RunnableGenerator(speak)


async def text_of(chain: Chain, question: str = "q") -> str:
    return "".join([each.text async for each in chain.pieces(question)])


async def test_a_strangers_plain_chain_answers() -> None:
    model = FakeListChatModel(responses=["hello there"])
    chain = prepare("mine", ChatPromptTemplate.from_template("{topic}") | model | StrOutputParser())
    assert await text_of(chain) == "hello there"


async def test_a_chain_that_only_runs_synchronously_answers_from_a_thread() -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage("hello there")]))
    chain = prepare("mine", ChatPromptTemplate.from_template("{topic}") | model | StrOutputParser())
    assert chain.threads is not None
    assert await text_of(chain) == "hello there"
    assert chain.abandoned_threads == 0


async def test_the_usual_retrieval_chain_gives_its_answer_without_its_echo() -> None:
    answer = ChatPromptTemplate.from_template("{question}") | FakeListChatModel(responses=["yes"])
    chain = prepare("mine", RunnablePassthrough.assign(answer=answer | StrOutputParser()))
    assert await text_of(chain) == "yes"


async def test_an_unsupported_piece_comes_after_what_came_before_it() -> None:
    pieces = prepare("mine", saying("a", "b", 3)).pieces("q")
    assert [(await anext(pieces)).text, (await anext(pieces)).text] == ["a", "b"]
    with pytest.raises(UnsupportedPiece, match="int"):
        await anext(pieces)


async def test_what_a_chain_raises_comes_through() -> None:
    def broken(_: str) -> str:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        await text_of(prepare("mine", RunnableLambda(broken)))


async def test_split_surrogates_are_joined_and_empty_pieces_left_out() -> None:
    pieces = [each async for each in prepare("mine", saying("a\ud83d", "", "\ude00", "\ud83d")).pieces("q")]
    assert pieces == [Piece("a"), Piece("\U0001f600"), Piece("\ufffd")]


async def test_half_a_character_is_left_to_whoever_gave_the_joiner() -> None:
    joiner = SurrogateJoiner()
    pieces = prepare("mine", saying("a\ud83d", 3)).pieces("q", joiner=joiner)
    assert (await anext(pieces)).text == "a"
    with pytest.raises(UnsupportedPiece):
        await anext(pieces)
    assert joiner.flush() == "\ufffd"


def test_a_chain_that_wants_other_variables_is_refused() -> None:
    with pytest.raises(ChainRefused, match="wants a, b"):
        prepare("mine", ChatPromptTemplate.from_template("{a} {b}"))


def test_labels_come_from_the_metadata_else_from_the_name() -> None:
    plain = saying("x")
    labelled = plain.with_config(metadata={"title": "Mine!", "description": "Says x."})
    assert prepare("my_chain", plain).title == "My chain"
    chain = prepare("my_chain", labelled.with_types(input_type=str))
    assert (chain.title, chain.description) == ("Mine!", "Says x.")
