"""A deterministic chain for tests and loads: numbered tokens, pace, length and faults, as the question asks.

`tokens=200 rate=50 fail_at=30` in a question makes it say t0 t1 t2 … at 50 a second and fail before t30;
`chains.script.Script` lists the words. With `STEADYCHAT_SCRIPTED_RECORD` each run appends a line to that file
at its start and at its end, so that another process can count runs; `at` is by the machine's clock that never
goes back (`time.monotonic`), in seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import Runnable, RunnableGenerator
from langchain_core.runnables.utils import AddableDict

from chains.inputs import ChatInput
from chains.script import Block, Fail, Say, Script, ScriptedFailure, Wait, read_script, steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

RECORD = "STEADYCHAT_SCRIPTED_RECORD"
TOKENS_A_TURN = 100
"""Whoever has it say all that it can at once lets others have the event loop now and then."""


@dataclass
class Call:
    """One run of the chain; `outcome` is None while it runs, then finished, failed or closed."""

    question: str
    history: int = 0
    said: int = 0
    outcome: str | None = None

    @property
    def closed_early(self) -> bool:
        return self.outcome == "closed"


class Scripted:
    """The chain and the record of its runs: `calls` here, and lines of JSON in `record` if it is given."""

    def __init__(self, record: Path | None = None) -> None:
        self.calls: deque[Call] = deque(maxlen=10_000)  # a load test runs for days
        self._record = record

    def runnable(self) -> Runnable[Any, Any]:  # Any: the input may be a model or a dict
        return RunnableGenerator(self._transform_async).with_types(input_type=ChatInput)

    def synchronous(self) -> Runnable[Any, Any]:  # Any: as above
        """Return the same chain without any asynchronous code."""
        return RunnableGenerator(self._transform).with_types(input_type=ChatInput)

    async def _transform_async(self, given: AsyncIterator[Any]) -> AsyncIterator[Any]:
        call = self._begin([each async for each in given][-1])
        try:
            start = time.monotonic()
            for step in steps(read_script(call.question)):
                if type(step) is Say:
                    yield _said(step, call)
                    if not call.said % TOKENS_A_TURN:
                        await asyncio.sleep(0)
                elif isinstance(step, Wait):
                    await _sleep_until(start, step.until)
                else:
                    _perform(step, call)
            call.outcome = "finished"
        finally:
            self._end(call)

    def _transform(self, given: Iterator[Any]) -> Iterator[Any]:
        call = self._begin(list(given)[-1])
        try:
            start = time.monotonic()
            for step in steps(read_script(call.question)):
                if type(step) is Say:
                    yield _said(step, call)
                elif isinstance(step, Wait):
                    _block_until(start, step.until)
                else:
                    _perform(step, call)
            call.outcome = "finished"
        finally:
            self._end(call)

    def _begin(self, given: Any) -> Call:  # Any: a dict, or the bare question
        fields = given if isinstance(given, dict) else {"question": given}
        call = Call(str(fields["question"]), len(fields.get("chat_history", ())))
        self.calls.append(call)
        self._write("begin", call)
        return call

    def _end(self, call: Call) -> None:
        call.outcome = call.outcome or "closed"
        self._write("end", call)

    def _write(self, event: str, call: Call) -> None:
        if self._record is None:
            return
        line = json.dumps({"event": event, "at": time.monotonic(), "pid": os.getpid(), **asdict(call)}) + "\n"
        with self._record.open("ab", buffering=0) as file:
            file.write(line.encode())  # one write of one line: lines of several processes never mix


def _said(step: Say, call: Call) -> object:
    """Count this and return what is to be yielded."""
    call.said += 1
    raw = step.raw
    if not isinstance(raw, dict):
        return raw
    return AIMessageChunk(content=raw["chunk"]) if "chunk" in raw else AddableDict(raw)


def _perform(step: Block | Fail | Say, call: Call) -> None:
    match step:
        case Block(seconds):
            time.sleep(seconds)
        case Fail(message):
            call.outcome = "failed"
            raise ScriptedFailure(message)


async def _sleep_until(start: float, until: float | None) -> None:
    if until is None:
        await asyncio.Event().wait()
    elif (left := start + until - time.monotonic()) > 0:
        await asyncio.sleep(left)
    # what is due already would wait in the socket of a model


def _block_until(start: float, until: float | None) -> None:
    if until is None:
        threading.Event().wait()
    elif (left := start + until - time.monotonic()) > 0:
        time.sleep(left)


def _from_environment() -> Scripted:
    record = os.environ.get(RECORD)
    return Scripted(Path(record) if record else None)


def build() -> Runnable[Any, Any]:  # Any: the input may be a model or a dict
    """Say numbered tokens, as the question asks."""
    return _from_environment().runnable()


def build_synchronous() -> Runnable[Any, Any]:  # Any: as above
    """Say numbered tokens from a thread, as the question asks."""
    return _from_environment().synchronous()


__all__ = ["RECORD", "Call", "Script", "Scripted", "build", "build_synchronous"]
