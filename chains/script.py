"""The plan of a scripted answer: a few words in the question, as steps to perform."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Wait(NamedTuple):
    """Be silent until `until` seconds after the start; None is for ever."""

    until: float | None


@dataclass(frozen=True)
class Block:
    """Hold the thread, and with it the event loop, for so many seconds."""

    seconds: float


class Say(NamedTuple):
    """Yield this, whatever it is."""

    raw: object


@dataclass(frozen=True)
class Fail:
    """Raise `ScriptedFailure`."""

    message: str


Step: TypeAlias = Wait | Block | Say | Fail


class ScriptedFailure(Exception):
    """The failure that a script asked for."""


@dataclass(frozen=True)
class Script:
    """What a question asks of the scripted chain; places (`…_at`) count tokens from 0.

    `rate` is in tokens per second, 0 as fast as it can; delays and gaps are in seconds; `piece_bytes` pads
    each token; `form` is dict, text or chunk.
    """

    tokens: int = 20
    rate: float = 0
    first_delay: float = 0
    gap_at: int = -1
    gap: float = 1
    piece_bytes: int = 0
    form: str = "dict"
    sources: int = 0
    confidence: float | None = None
    status: str | None = None
    fail_at: int = -1
    hang_at: int = -1
    wrong_at: int = -1
    nul_at: int = -1
    lone_at: int = -1
    pair_at: int = -1
    block_at: int = -1
    block: float = 1

    def text(self) -> str:
        """Return the whole answer of a script without faults."""
        return "".join(map(self.token, range(self.tokens)))

    def token(self, number: int) -> str:
        return f"t{number} ".ljust(self.piece_bytes, ".")


def read_script(question: str) -> Script:
    """Read `key=value` words or a JSON object in the question; any other words are ignored.

    Raises `ValueError` for a known key with a value that does not fit.
    """
    kinds = _kinds()
    words = _json_words(question) or dict(word.split("=", 1) for word in question.split() if "=" in word)
    return Script(**{key: _value(key, kinds[key], words[key]) for key in words if key in kinds})


@cache
def _kinds() -> Mapping[str, object]:
    """Return the type of each field: worked out anew for each answer it would be a sixth of all its CPU."""
    hints = get_type_hints(Script)
    return {each.name: hints[each.name] for each in fields(Script)}


def _json_words(question: str) -> dict[str, Any]:  # Any: JSON
    try:
        found = json.loads(question)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _value(key: str, kind: object, value: object) -> Any:  # Any: the type is the field's
    try:
        if kind is int:
            return int(str(value))
        return str(value) if kind in {str, str | None} else float(str(value))
    except ValueError as error:
        raise ValueError(f"scripted: {key}={value} does not fit") from error


def steps(script: Script) -> Iterator[Step]:
    """Yield what to do for this script, in order. What comes at the same moment comes after one wait."""
    if script.status is not None:
        yield Say({"status": script.status})
    pause, due, faulty = script.first_delay, -1.0, _faulty(script)
    dress = _DRESSES.get(script.form, str)
    for number in range(script.tokens):
        pause += script.gap if number == script.gap_at else 0
        if (until := pause + (number / script.rate if script.rate else 0)) != due:
            yield Wait(due := until)
        if number in faulty:
            yield from _fault(script, number)
        yield Say(dress(script.token(number)))
    yield from _ending(script)


def _faulty(script: Script) -> set[int]:
    """Return the tokens before which there is something else to do."""
    at = script.block_at, script.hang_at, script.fail_at, script.wrong_at
    return {*at, script.nul_at, script.lone_at, script.pair_at}


def _fault(script: Script, number: int) -> Iterator[Step]:
    if number == script.block_at:
        yield Block(script.block)
    if number == script.hang_at:
        yield Wait(None)
    if number == script.fail_at:
        yield Fail(f"scripted failure at token {number}")
    if number == script.wrong_at:
        yield Say(number)
    if number == script.nul_at:
        yield Say(_dressed(script, "\0"))
    if number == script.lone_at:
        yield Say(_dressed(script, "\ud83d"))
    if number == script.pair_at:
        yield Say(_dressed(script, "\ud83d"))
        yield Say(_dressed(script, "\ude00"))


def _dressed(script: Script, text: str) -> object:
    return _DRESSES.get(script.form, str)(text)


_DRESSES: Mapping[str, Callable[[str], object]] = {
    "dict": lambda text: {"answer": text},
    "chunk": lambda text: {"chunk": text},
}


def _ending(script: Script) -> Iterator[Step]:
    sources = [source(number) for number in range(1, script.sources + 1)]
    if sources:
        yield Say({"sources": sources})
    if script.confidence is not None:
        yield Say({"confidence": script.confidence})


def source(number: int) -> dict[str, object]:
    return {
        "id": f"s{number}",
        "title": f"Source {number}",
        "uri": f"https://example.org/{number}",
        "excerpt": f"Excerpt {number}",
        "score": 1 / number,
        "location": {"page": number},
    }
