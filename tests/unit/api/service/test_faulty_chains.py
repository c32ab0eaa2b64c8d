"""Whatever a chain breaks, says or clings to: one end, and the text before it is kept."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda
from langchain_core.runnables.config import RunnableConfig

from api.core.errors import Code
from api.core.events import PIECE_BYTES, Ended, Piece
from api.core.lifecycle import Status
from api.core.records import Message
from api.core.text import checksum
from api.log import appender
from api.service import generate
from api.service.ports import Appender, Claim
from chains import closing
from chains.contract import Chain, ChatInput, prepare
from tests.support.backends import Backend
from tests.support.chats import SOON_S, job, saying, spoken, world

pytestmark = pytest.mark.anyio

Stream = Callable[[], Any]  # whatever a stranger's `astream` returns
PATIENCE_S = 0.1


class Strange(Runnable[Any, Any]):
    """A Runnable that is none of LangChain's: `astream` returns what a test says."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def InputType(self) -> Any:  # noqa: N802 - LangChain's name
        return ChatInput

    def invoke(self, input: Any, config: RunnableConfig | None = None, **_: Any) -> Any:  # noqa: A002 - as above
        raise NotImplementedError

    def astream(self, input: Any, config: RunnableConfig | None = None, **_: Any) -> Any:  # noqa: A002 - as above
        return self._stream()


class StrangeThread(Strange):
    """The same for `stream`, without any asynchronous code."""

    def stream(self, input: Any, config: RunnableConfig | None = None, **_: Any) -> Any:  # noqa: A002 - as above
        return self._stream()

    astream = Runnable.astream


def strange(stream: Stream, kind: type[Strange] = Strange) -> Chain:
    return prepare("rag", kind(stream))


async def ended(backend: Backend, chain: Chain, **limits: Any) -> Message:
    """The answer of a chain, after a look at its one end."""
    answer = await world(backend, chain, **limits).asked()
    ends = [event for event in backend.published if isinstance(event, Ended)]
    assert [(end.status, end.length, end.crc32) for end in ends] == [
        (answer.status, len(answer.content), checksum(answer.content))
    ]
    return answer


def code(answer: Message) -> Code | None:
    return None if answer.error is None else answer.error.code


# Breaking


def breaks() -> Any:
    raise LookupError


async def at_once() -> AsyncIterator[str]:
    if breaks():
        yield ""


async def between() -> AsyncIterator[str]:
    yield "half"
    yield breaks()


async def at_the_end() -> AsyncIterator[str]:
    yield "half"
    breaks()


def at_once_in_a_thread() -> Iterator[str]:
    if breaks():
        yield ""


def between_in_a_thread() -> Iterator[str]:
    yield "half"
    breaks()


def ends_too_soon() -> Any:
    raise StopIteration


def leaves() -> Any:
    raise GeneratorExit


@pytest.mark.parametrize(
    ("chain", "kept"),
    [
        (strange(breaks), ""),
        (strange(at_once), ""),
        (strange(between), "half"),
        (strange(at_the_end), "half"),
        (strange(ends_too_soon), ""),
        (strange(leaves), ""),
        (strange(breaks, StrangeThread), ""),
        (strange(at_once_in_a_thread, StrangeThread), ""),
        (strange(between_in_a_thread, StrangeThread), "half"),
        (strange(ends_too_soon, StrangeThread), ""),
        (strange(leaves, StrangeThread), ""),
        (strange(lambda: None), ""),
        (strange(lambda: [1]), ""),
        (strange(lambda: None, StrangeThread), ""),
        (prepare("rag", RunnableLambda(lambda _: breaks()) | (lambda _: "never")), ""),
    ],
    ids=[
        "when called",
        "at once",
        "between",
        "at the end",
        "by StopIteration",
        "by GeneratorExit",
        "when called in a thread",
        "at once in a thread",
        "between in a thread",
        "by StopIteration in a thread",
        "by GeneratorExit in a thread",
        "no stream",
        "a list for a stream",
        "no iterator in a thread",
        "in its first step",
    ],
)
async def test_a_chain_may_break_at_any_stage(backend: Backend, chain: Chain, kept: str) -> None:
    answer = await ended(backend, chain)
    assert (answer.content, answer.status, code(answer)) == (kept, Status.FAILED, Code.CHAIN_FAILED)
    assert chain.abandoned_threads == 0


class OneByOne:
    """An async iterator that is no generator, so it cannot be closed."""

    def __init__(self) -> None:
        self._left = ["one ", "two"]

    def __aiter__(self) -> "OneByOne":
        return self

    async def __anext__(self) -> str:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop(0)


async def test_a_stream_that_cannot_be_closed_is_read_to_its_end(backend: Backend) -> None:
    answer = await ended(backend, strange(OneByOne))
    assert (answer.content, answer.status) == ("one two", Status.COMPLETE)


# Letting go

ENOUGH: dict[str, tuple[object, dict[str, Any], Code]] = {
    "of silence": (None, {"gap": SOON_S}, Code.CHAIN_TIMEOUT),
    "of output": ("and more", {"output_bytes": 4}, Code.OUTPUT_LIMIT),
    "of rubbish": (3.5, {}, Code.CHAIN_FAILED),
}


class Clinging:
    """Says `half`, then what makes one have enough of it, and does `last` when it is to let go."""

    def __init__(self, then: object, last: Callable[["Clinging"], Any]) -> None:
        self.waits = asyncio.Event()
        self.released = asyncio.Event()
        self._then = then
        self._last = last

    async def speak(self, _: Any) -> AsyncIterator[Any]:
        try:
            yield "half"
            if self._then is not None:
                yield self._then
            self.waits.set()
            await asyncio.Event().wait()
        finally:
            await self._last(self)

    async def raises(self) -> None:
        breaks()

    async def exits(self) -> None:
        raise SystemExit

    async def hangs(self) -> None:
        await self.released.wait()

    async def hangs_whatever_comes(self) -> None:
        while not self.released.is_set():
            with suppress(asyncio.CancelledError):
                await self.released.wait()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(closing, "LET_GO_S", PATIENCE_S)


LAST = [Clinging.raises, Clinging.exits, Clinging.hangs, Clinging.hangs_whatever_comes]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("last", LAST)
@pytest.mark.parametrize("enough", ENOUGH)
async def test_what_a_chain_does_when_it_is_to_let_go_changes_nothing(
    backend: Backend, enough: str, last: Callable[[Clinging], Any]
) -> None:
    then, limits, expected = ENOUGH[enough]
    chain = Clinging(then, last)
    waiting = {"gap": 1.0, "first_piece": 60, "total": 60} | limits
    try:
        answer = await ended(backend, spoken(chain.speak), **waiting)
    finally:
        chain.released.set()
    assert (answer.content, answer.status) == ("half", Status.FAILED)
    left_behind = last is Clinging.hangs_whatever_comes and expected is Code.CHAIN_FAILED
    assert code(answer) is (Code.CHAIN_TIMEOUT if left_behind else expected)
    if code(answer) is Code.CHAIN_FAILED:
        assert "float" in str(answer.error), "what it said stays the reason"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("last", LAST)
async def test_so_it_is_when_it_is_stopped(backend: Backend, last: Callable[[Clinging], Any]) -> None:
    chain = Clinging(None, last)
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    try:
        assert await ann.chat.stop("ann", accepted.pending_message_id) is Status.CANCELLED
        answer = await ann.answered(accepted.pending_message_id)
    finally:
        chain.released.set()
    assert (answer.content, answer.status, code(answer)) == ("half", Status.CANCELLED, None)
    assert sum(isinstance(event, Ended) for event in backend.published) == 1


# Rubbish


class Unspeakable:
    def __repr__(self) -> str:
        raise LookupError

    __str__ = __repr__


class Endless(dict[str, Any]):
    def keys(self) -> Any:
        raise LookupError


LONG = "x" * 1_000_000


@pytest.mark.parametrize(
    "rubbish",
    [
        None,
        b"bytes",
        3.5,
        object(),
        object,
        LookupError("said, not raised"),
        ["a", "list"],
        Unspeakable(),
        {"text": "unknown"},
        {"answer": 3},
        {"answer": b"bytes"},
        {"answer": Unspeakable()},
        {Unspeakable(): 1},
        {LONG: 1},
        dict.fromkeys(map(str, range(100_000))),
        Endless(answer="half"),
        {"sources": 5},
        {"sources": "one, two"},
        {"sources": [7]},
        {"sources": [{"title": Unspeakable()}]},
        {"context": [object()]},
    ],
    ids=lambda rubbish: type(rubbish).__name__,
)
async def test_whatever_else_is_said_fails_and_what_came_before_is_kept(
    backend: Backend, rubbish: object
) -> None:
    answer = await ended(backend, saying("half", rubbish, "never"))
    assert (answer.content, answer.status, code(answer)) == ("half", Status.FAILED, Code.CHAIN_FAILED)
    assert answer.error is not None
    assert len(answer.error.message) < 500


@pytest.mark.parametrize(
    "harmless",
    [
        "",
        {},
        {"answer": None},
        {"answer": "", "sources": None, "context": None, "confidence": None, "status": None},
        {"confidence": "high"},
        {"confidence": float("nan")},
        {"confidence": 10**400},
        {"status": 3},
        {"sources": []},
        {"answer": "", "unknown": Unspeakable()},
        AIMessageChunk(content=[{"type": "image_url", "image_url": {"url": "data:"}}]),
    ],
    ids=lambda harmless: type(harmless).__name__,
)
async def test_what_says_nothing_is_passed_over(backend: Backend, harmless: object) -> None:
    answer = await ended(backend, saying("one ", harmless, "two"))
    assert (answer.content, answer.status) == ("one two", Status.COMPLETE)
    assert (answer.sources, answer.confidence) == ((), None)


async def test_nothing_that_cannot_be_stored_is_left_of_what_is_said(backend: Backend) -> None:
    bad = "a\0b\ud83dc"
    source = dict.fromkeys(("id", "title", "uri", "excerpt"), bad) | {"location": {bad: bad}}
    document = Document(page_content=bad, metadata={"title": bad, "source": bad, "page": bad})
    pieces = (bad, {"status": bad}, {"sources": [source, document]}, AIMessageChunk(content=bad))
    answer = await ended(backend, saying(*pieces))
    good = "a\ufffdb\ufffdc"
    assert (answer.content, answer.status) == (good + good, Status.COMPLETE)
    told = [dict(each) for each in answer.sources]
    assert told[0] == dict.fromkeys(("id", "title", "uri", "excerpt"), good) | {
        "location": {good: good},
        "score": None,
    }
    assert (told[1]["excerpt"], told[1]["location"]) == (good, {"page": good})


# Ten megabytes


@pytest.mark.parametrize("letters", ["x", "ä👍"], ids=ascii)
async def test_ten_megabytes_in_one_piece_are_cut_at_the_limit(backend: Backend, letters: str) -> None:
    text = letters * (10_000_000 // len(letters.encode()))
    answer = await ended(backend, saying(text), output_bytes=1_000_000)
    assert code(answer) is Code.OUTPUT_LIMIT
    assert text.startswith(answer.content)
    assert 1_000_000 - 4 < len(answer.content.encode()) <= 1_000_000


async def test_without_a_limit_they_are_kept_and_written_as_the_database_takes_them(backend: Backend) -> None:
    text = "Wörter 👍 " * 800_000
    ann = world(backend, saying(text))
    appenders: list[Any] = []
    make = backend.log.appender

    def noting(claim: Claim) -> Appender:
        appenders.append(make(claim))
        found: Appender = appenders[-1]
        return found

    backend.log.appender = noting  # type: ignore[method-assign]  # it tells
    sent = await backend.send()
    async with backend.commit_under_way():
        ann.runner.start(job(sent))
        while not appenders or appenders[0]._size < appender.UNCOMMITTED_CHARS:  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        assert appenders[0]._size < appender.UNCOMMITTED_CHARS + PIECE_BYTES
    answer = await ann.answered(sent.answer_id)
    assert (answer.status, answer.content == text) == (Status.COMPLETE, True)
    sizes = [len(event.content.encode()) for event in backend.published if isinstance(event, Piece)]
    assert max(sizes) <= PIECE_BYTES


async def test_a_thread_that_says_ten_megabytes_is_cut_at_the_limit(backend: Backend) -> None:
    def speak(given: Iterator[Any]) -> Iterator[Any]:
        yield from ["x" * 10_000_000 for _ in given]

    chain = prepare("rag", RunnableGenerator(speak).with_types(input_type=ChatInput))
    answer = await ended(backend, chain, output_bytes=1_000_000)
    assert (len(answer.content), code(answer)) == (1_000_000, Code.OUTPUT_LIMIT)
