"""The use cases over a real back end, with chains that a test writes down."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.runnables import Runnable, RunnableGenerator

from api.core.lifecycle import Status
from api.core.records import Message
from api.service.chat import Chat, ChatLimits
from api.service.deadline import GenerationLimits
from api.service.finish import Finisher
from api.service.generate import Generator
from api.service.reaper import Reaper
from api.service.runner import Job, Runner
from api.service.visits import Visitors
from chains.contract import Chain, ChatInput, prepare
from tests.support.backends import OWNER, Backend, Sent
from tests.support.clocks import Seconds
from tests.support.fakes import RememberedHints, RememberedNotes

LIMITS = GenerationLimits(first_piece=10, gap=10, total=10, output_bytes=0)
SOON_S = 0.15
MESSAGE_CHARS = 100
Speak = Callable[[Any], AsyncIterator[Any]]  # a chain's own input and output


def spoken(speak: Speak) -> Chain:
    """The chain that says what `speak` yields; `speak` is given the chain's input."""

    async def transform(given: AsyncIterator[Any]) -> AsyncIterator[Any]:
        inputs = [each async for each in given]
        async for piece in speak(inputs[-1]):
            yield piece

    runnable: Runnable[Any, Any] = RunnableGenerator(transform).with_types(input_type=ChatInput)
    return prepare("rag", runnable)


def saying(*pieces: object) -> Chain:
    async def speak(_: Any) -> AsyncIterator[Any]:
        for piece in pieces:
            yield piece

    return spoken(speak)


class Halting:
    """Says its pieces, tells that it `waits`, and goes on when `released`; `closed` once it was left."""

    def __init__(self, *pieces: str, then: str = "") -> None:
        self._pieces = pieces
        self._then = then
        self.waits = asyncio.Event()
        self.released = asyncio.Event()
        self.closed = asyncio.Event()
        self.runs = 0

    async def speak(self, _: Any) -> AsyncIterator[Any]:
        self.runs += 1
        try:
            for piece in self._pieces:
                yield piece
            self.waits.set()
            await self.released.wait()
            if self._then:
                yield self._then
        finally:
            self.closed.set()


class NoRates:
    def __init__(self) -> None:
        self.wait_ms: int | None = None
        self.counted: list[bool] = []

    def reserve(self, user_id: str) -> int | None:
        return self.wait_ms

    def settle(self, user_id: str, *, counted: bool) -> None:
        self.counted.append(counted)


@dataclass
class World:
    backend: Backend
    runner: Runner
    reaper: Reaper
    chat: Chat
    hints: RememberedHints
    notes: RememberedNotes
    rates: NoRates
    chains: dict[str, Chain]

    async def close(self) -> None:
        await self.chat.settled()
        await self.runner.drain(0)

    async def answered(self, message_id: str, user: str = "ann") -> Message:
        """The answer, once its generation has ended."""
        while message_id in self.runner:  # noqa: ASYNC110 - nothing there could be awaited
            await asyncio.sleep(0.005)
        return await self.backend.store.message(user, message_id)

    async def asked(self, question: str = "Why?", user: str = "ann") -> Message:
        """A question's answer, once it has ended."""
        accepted = await self.chat.send(user, question)
        return await self.answered(accepted.pending_message_id, user)


def world(
    backend: Backend,
    chain: Chain,
    *,
    owner: str = OWNER,
    seconds: Seconds | None = None,
    **limits: Any,
) -> World:
    """The use cases of the process `owner`, whose clock is `seconds`; `limits` replace a generation's."""
    hints, notes, rates, chains = RememberedHints(), RememberedNotes(), NoRates(), {"rag": chain}
    generator = Generator(
        chains=chains,
        log=backend.log,
        finish=Finisher(backend.store, hints, backend.new_id, retry_s=0.01),
        hints=hints,
        notes=notes,
        limits=replace(LIMITS, **limits),
        new_id=backend.new_id,
    )
    runner = Runner(generator)
    reaper = Reaper(store=backend.store, notes=notes, runner=runner, owner=owner, clock=seconds or Seconds())
    chat = Chat(
        store=backend.store,
        log=backend.log,
        runner=runner,
        reaper=reaper,
        chains=chains,
        hints=hints,
        notes=notes,
        visitors=Visitors(notes, backend.new_id),
        rates=rates,
        limits=ChatLimits(MESSAGE_CHARS, 0),
        new_id=backend.new_id,
    )
    found = World(backend, runner, reaper, chat, hints, notes, rates, chains)
    backend.users.append(found.close)
    return found


def job(sent: Sent, end_as: Status | None = None) -> Job:
    return Job(sent.claim, "ann", "rag", "Why?", sent.accepted.past, end_as)
