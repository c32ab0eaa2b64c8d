"""A chain that breaks as its question asks: it raises, hangs or says what no chain may, at each stage.

`stage=` is where (start, piece, end, close), `fault=` what (a name from `FAULTS`), `at=` before which token.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from langchain_core.runnables import Runnable, RunnableGenerator

from chains.inputs import ChatInput
from chains.script import Script, read_script
from chains.scripted import RECORD

STAGES = ("start", "piece", "end", "close")


class UnspeakableError(Exception):
    """Not even its text can be had."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class ForeignError(BaseException):
    """Nobody's `except Exception` takes it."""


RAISED: Mapping[str, Callable[[], BaseException]] = {
    "value": lambda: ValueError("a value"),
    "unspeakable": UnspeakableError,
    "foreign": ForeignError,
    "exit": lambda: SystemExit(3),
    "interrupt": KeyboardInterrupt,
    "cancelled": asyncio.CancelledError,
    "timeout": TimeoutError,
    "memory": MemoryError,
    "recursion": RecursionError,
    "stop": StopAsyncIteration,
    "group": lambda: BaseExceptionGroup("many", [ValueError("one"), ForeignError("two")]),
    "closed": GeneratorExit,
}
SAID: Mapping[str, object] = {
    "number": 5,
    "bytes": b"t0 ",
    "list": ["t0 "],
    "answer": {"answer": 5},
    "sources": {"sources": 3},
    "confidence": {"confidence": "much"},
    "object": object(),
}
HANGING = ("hang", "hang on")
FLOOD = "flood"
"""It says all that its script has, which is more than an answer may hold."""
FAULTS = (*RAISED, *SAID, *HANGING, FLOOD)


def broken_code(stage: str, fault: str) -> str | None:
    """With which code an answer must fail that nobody stops; None if nothing of it is broken by that.

    Before its close a chain waits to be closed.
    """
    if fault == FLOOD:
        return "output_limit"
    if stage == "close" or fault in HANGING:
        return "chain_timeout"
    return None if fault == "confidence" else "chain_failed"  # what is no number there is none at all


@dataclass(frozen=True)
class Plan:
    stage: str
    fault: str
    at: int
    script: Script


def build() -> Runnable[Any, Any]:  # Any: the input may be a model or a dict
    return RunnableGenerator(_transform).with_types(input_type=ChatInput)


async def _transform(given: AsyncIterator[Any]) -> AsyncIterator[Any]:
    question = str([each async for each in given][-1]["question"])
    _note(question)
    plan = _plan(question)
    try:
        if plan.stage == "start":
            yield await _break(plan.fault)
        for number in range(plan.script.tokens):
            if plan.stage == "piece" and number == plan.at:
                yield await _break(plan.fault)
            yield plan.script.token(number)
        if plan.stage == "end":
            yield await _break(plan.fault)
        if plan.stage == "close":
            await asyncio.Event().wait()
    finally:
        if plan.stage == "close" and plan.fault in RAISED:
            _raise(plan.fault)


def _raise(fault: str) -> NoReturn:
    error = RAISED[fault]()
    raise error


async def _break(fault: str) -> object:
    if fault in RAISED:
        _raise(fault)
    if fault in SAID:
        return SAID[fault]
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        if fault == "hang":
            raise
    await asyncio.Event().wait()  # it took the first cancellation for itself
    return None


def _plan(question: str) -> Plan:
    words = dict(_words(question))
    fault = words["fault"].replace("_", " ")
    stage = "" if fault == FLOOD else words["stage"]  # to say too much takes all of the stages
    return Plan(stage, fault, int(words["at"]), read_script(question))


def _words(question: str) -> Iterator[tuple[str, str]]:
    for word in question.split():
        name, _, value = word.partition("=")
        yield name, value


def _note(question: str) -> None:
    with Path(os.environ[RECORD]).open("ab", buffering=0) as file:
        file.write(json.dumps({"event": "begin", "question": question}).encode() + b"\n")
