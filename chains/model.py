"""The values that pass between a chain and whoever runs it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple, TypeAlias

JSONValue: TypeAlias = (
    "str | int | float | bool | list[JSONValue] | dict[str, JSONValue] | None"  # as json.loads gives it
)


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that an answer rests on; the n-th of an answer is cited as `[n]`."""

    id: str
    title: str | None
    uri: str | None
    excerpt: str
    score: float | None
    location: dict[str, JSONValue] | None

    def as_json(self) -> dict[str, JSONValue]:
        return asdict(self)


class Piece(NamedTuple):
    """One step of an answer: text is appended, the last sources and confidence win, status is a hint.

    A tuple, since one is made for every token, and a frozen dataclass takes three times as long.
    """

    text: str = ""
    sources: tuple[Source, ...] | None = None
    confidence: float | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier question of the session with the answer that is shown for it."""

    question: str
    answer: str
