"""Whatever a chain does, its answer ends, once, with the text that it said."""

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import RunnableGenerator
from structlog.testing import capture_logs

from api.core.errors import Code
from api.core.events import Ended
from api.core.lifecycle import Status
from api.core.notes import What
from api.log import appender
from api.service.ports import StageHint
from chains.contract import ChatInput, prepare
from tests.support.backends import Backend
from tests.support.chats import SOON_S, Halting, job, saying, spoken, world

pytestmark = pytest.mark.anyio

SOURCE = {"id": "1", "title": "T", "uri": None, "excerpt": "…", "score": 0.5, "location": None}


def endings(backend: Backend) -> list[Ended]:
    return [event for event in backend.published if isinstance(event, Ended)]


async def test_an_answer_has_the_chains_text_sources_and_confidence(backend: Backend) -> None:
    chain = saying(
        "One ", AIMessageChunk(content="two "), {"answer": "three", "confidence": 0.1}, {"sources": [SOURCE]},
        {"confidence": 0.9},
    )  # fmt: skip
    answer = await world(backend, chain).asked()
    assert (answer.content, answer.status) == ("One two three", Status.COMPLETE)
    assert (list(answer.sources), answer.confidence, answer.error) == ([SOURCE], 0.9, None)
    assert len(endings(backend)) == 1


async def test_a_chain_that_says_nothing_completes_with_nothing(backend: Backend) -> None:
    answer = await world(backend, saying()).asked()
    assert (answer.content, answer.status) == ("", Status.COMPLETE)


async def test_a_chain_is_told_the_question_and_the_past(backend: Backend) -> None:
    heard: list[Any] = []

    async def speak(given: Any) -> AsyncIterator[Any]:
        heard.append((given["question"], [message.content for message in given["chat_history"]]))
        yield f"Answer {len(heard)}"

    ann = world(backend, spoken(speak))
    first = await ann.asked("Q1")
    accepted = await ann.chat.send("ann", "Q2", session_id=first.session_id)
    await ann.answered(accepted.pending_message_id)
    assert heard == [("Q1", []), ("Q2", ["Q1", "Answer 1"])]


@pytest.mark.parametrize("said", [(), ("half ",), ("half ", "a sentence")])
async def test_a_chain_that_raises_fails_with_what_it_said(backend: Backend, said: tuple[str, ...]) -> None:
    async def speak(_: Any) -> AsyncIterator[Any]:
        for piece in said:
            yield piece
        raise ValueError("/secret/path of ann")

    answer = await world(backend, spoken(speak)).asked()
    assert (answer.content, answer.status) == ("".join(said), Status.FAILED)
    assert answer.error is not None
    assert (answer.error.code, answer.error.retryable) == (Code.CHAIN_FAILED, True)
    assert answer.error.error_id
    assert "secret" not in answer.error.message
    assert len(endings(backend)) == 1


class StrangeError(BaseException):
    pass


KINDS = [
    TimeoutError, StopAsyncIteration, asyncio.CancelledError, RecursionError, SystemExit, KeyboardInterrupt,
    StrangeError,
]  # fmt: skip
# LangChain takes it for its reader's leaving, and may leave a generator to the collector, which complains.
LEAVING = pytest.param(
    GeneratorExit, marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
)


@pytest.mark.parametrize("error", [*KINDS, LEAVING])
async def test_no_kind_of_exception_leaves_an_answer_open(
    backend: Backend, error: type[BaseException]
) -> None:
    async def speak(_: Any) -> AsyncIterator[Any]:
        yield "half"
        raise error

    answer = await world(backend, spoken(speak)).asked()
    assert (answer.content, answer.status.terminal) == ("half", True)
    assert answer.status is not Status.COMPLETE
    assert answer.error is not None
    assert answer.error.code is Code.CHAIN_FAILED


@pytest.mark.parametrize("error", KINDS)  # a GeneratorExit LangChain takes for the end, in a thread
async def test_no_kind_of_exception_in_a_thread_leaves_an_answer_open(
    backend: Backend, error: type[BaseException]
) -> None:
    def speak(given: Iterator[Any]) -> Iterator[Any]:
        yield from ["half" for _ in given]
        raise error

    chain = prepare("rag", RunnableGenerator(speak).with_types(input_type=ChatInput))
    answer = await world(backend, chain).asked()
    assert (answer.content, answer.status) == ("half", Status.FAILED)
    assert answer.error is not None
    assert answer.error.code is Code.CHAIN_FAILED
    assert chain.threads is not None
    assert chain.abandoned_threads == 0


async def test_a_chain_that_exits_is_noted_by_its_place(backend: Backend) -> None:
    async def speak(_: Any) -> AsyncIterator[Any]:
        yield "half"
        sys.exit("words of ann")

    with capture_logs() as noted:
        answer = await world(backend, spoken(speak)).asked()
    assert answer.error is not None
    assert [each["error_id"] for each in noted] == [answer.error.error_id]
    assert noted[0]["at"][-1].endswith(" speak")
    assert "ann" not in str(noted[0]["error"])


async def test_the_conversation_is_remembered_over_answers_that_failed(backend: Backend) -> None:
    heard: list[list[str]] = []

    async def speak(given: Any) -> AsyncIterator[Any]:
        heard.append([message.content for message in given["chat_history"]])
        yield "I see."
        if given["question"] == "fail":
            raise ValueError

    ann = world(backend, spoken(speak))
    session = (await ann.asked("My name is Ann.")).session_id
    for question in ["fail"] * 45 + ["Who am I?"]:
        accepted = await ann.chat.send("ann", question, session_id=session)
        await ann.answered(accepted.pending_message_id)
    assert heard[-1] == ["My name is Ann.", "I see."]


@pytest.mark.parametrize("page", [2**70, math.nan, [[[]]] * 2], ids=str)
async def test_any_location_of_a_source_ends_well(backend: Backend, page: object) -> None:
    answer = await world(backend, saying("a", {"sources": [{"location": {"page": page}}]})).asked()
    assert (answer.content, answer.status, len(answer.sources)) == ("a", Status.COMPLETE, 1)


async def test_what_is_being_written_when_the_chain_fails_is_written_once(backend: Backend) -> None:
    failed = asyncio.Event()

    async def speak(_: Any) -> AsyncIterator[Any]:
        yield "half\ud83d"
        failed.set()
        raise ValueError

    ann = world(backend, spoken(speak))
    sent = await backend.send()
    async with backend.commit_under_way():
        ann.runner.start(job(sent))
        await failed.wait()
        for _ in range(20):
            await asyncio.sleep(0)
    assert (await ann.answered(sent.answer_id)).content == "half\ufffd"


async def test_half_a_character_is_replaced_when_the_chain_fails(backend: Backend) -> None:
    async def speak(_: Any) -> AsyncIterator[Any]:
        yield "half: \ud83d"
        raise ValueError

    answer = await world(backend, spoken(speak)).asked()
    assert (answer.content, answer.status) == ("half: \ufffd", Status.FAILED)
    assert endings(backend)[0].length == 7


async def test_half_a_character_is_replaced_when_the_time_is_up(backend: Backend) -> None:
    chain = Halting("half: \ud83d")
    answer = await world(backend, spoken(chain.speak), gap=SOON_S).asked()
    assert (answer.content, answer.status) == ("half: \ufffd", Status.FAILED)


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        ((), {"first_piece": SOON_S}),
        (("half",), {"gap": SOON_S}),
        (("half",), {"total": 1.0}),
        ((), {"total": SOON_S}),
    ],
    ids=["first piece", "gap", "whole", "whole before the first piece"],
)
async def test_a_chain_that_hangs_is_ended_with_what_it_said(
    backend: Backend, said: tuple[str, ...], limits: dict[str, Any]
) -> None:
    chain = Halting(*said)
    answer = await world(backend, spoken(chain.speak), **limits).asked()
    assert (answer.content, answer.status) == ("".join(said), Status.FAILED)
    assert answer.error is not None
    assert answer.error.code is Code.CHAIN_TIMEOUT
    assert chain.closed.is_set()


async def test_a_chain_that_never_ends_is_ended(backend: Backend) -> None:
    async def speak(_: Any) -> AsyncIterator[Any]:
        while True:
            yield "."
            await asyncio.sleep(0.01)

    answer = await world(backend, spoken(speak), total=SOON_S).asked()
    assert answer.error is not None
    assert answer.error.code is Code.CHAIN_TIMEOUT
    assert set(answer.content) == {"."}


async def test_a_chain_that_will_not_be_cancelled_still_runs_out_of_time(backend: Backend) -> None:
    async def speak(_: Any) -> AsyncIterator[Any]:
        while True:
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                yield "never mind"
            yield "."

    answer = await world(backend, spoken(speak), total=SOON_S).asked()
    assert answer.error is not None
    assert answer.error.code is Code.CHAIN_TIMEOUT


async def test_waiting_for_the_database_is_no_gap(backend: Backend) -> None:
    async def speak(_: Any) -> AsyncIterator[Any]:
        yield "x" * appender.UNCOMMITTED_CHARS
        yield "y"

    ann = world(backend, spoken(speak), gap=SOON_S)
    sent = await backend.send()
    async with backend.commit_under_way():
        ann.runner.start(job(sent))
        await asyncio.sleep(2 * SOON_S)
    assert (await ann.answered(sent.answer_id)).status is Status.COMPLETE


async def test_a_piece_of_another_kind_fails_naming_its_type(backend: Backend) -> None:
    answer = await world(backend, saying("half", 3.5)).asked()
    assert (answer.content, answer.status) == ("half", Status.FAILED)
    assert answer.error is not None
    assert answer.error.code is Code.CHAIN_FAILED
    assert "float" in answer.error.message


@pytest.mark.parametrize(
    ("limit", "kept"), [(10, "äääää"), (9, "ääää"), (4, "ää"), (3, ""), (2, ""), (1000, "ääääääää")]
)
async def test_an_answer_is_cut_at_the_output_limit(backend: Backend, limit: int, kept: str) -> None:
    answer = await world(backend, saying("ääääääää"), output_bytes=limit).asked()
    assert answer.content == kept
    if limit == 1000:
        assert answer.status is Status.COMPLETE
    else:
        assert answer.error is not None
        assert (answer.status, answer.error.code) == (Status.FAILED, Code.OUTPUT_LIMIT)


async def test_the_output_limit_counts_all_pieces(backend: Backend) -> None:
    answer = await world(backend, saying(*"abcdefghij"), output_bytes=7).asked()
    assert (answer.content, answer.status) == ("abcdefg", Status.FAILED)


async def test_nothing_follows_a_text_that_was_cut(backend: Backend) -> None:
    answer = await world(backend, saying("äääää\ud83d"), output_bytes=9).asked()
    assert (answer.content, answer.status) == ("ääää", Status.FAILED)
    answer = await world(backend, saying("aaaaaaaa\ud83d"), output_bytes=9).asked()
    assert answer.error is not None
    assert (answer.content, answer.error.code) == ("aaaaaaaa", Code.OUTPUT_LIMIT)


async def test_a_huge_piece_is_kept_whole(backend: Backend) -> None:
    text = "Wörter 👍 " * 100_000
    answer = await world(backend, saying(text)).asked()
    assert (answer.status, answer.content == text) == (Status.COMPLETE, True)


async def test_stages_are_hints_to_the_user(backend: Backend) -> None:
    ann = world(backend, saying({"status": "searching"}, "found"))
    answer = await ann.asked()
    stages = [hint for _, hint in ann.hints.told if isinstance(hint, StageHint)]
    assert stages == [StageHint(answer.session_id, answer.id, "searching")]


async def test_the_beginning_and_the_first_piece_are_noted_once(backend: Backend) -> None:
    ann = world(backend, saying({"status": "searching"}, "", "one", "two"))
    answer = await ann.asked()
    assert [note for note in ann.notes.made if note[1] == answer.id] == [
        (What.STARTED, answer.id, {"chain": "rag"}),
        (What.FIRST_PIECE, answer.id, {}),
    ]


async def test_a_chain_that_says_nothing_has_no_first_piece(backend: Backend) -> None:
    ann = world(backend, saying())
    answer = await ann.asked()
    assert ann.notes.of(answer.id) == [What.STARTED]
