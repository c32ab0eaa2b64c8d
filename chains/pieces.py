"""Whatever a Runnable yields, as a `Piece`."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from itertools import islice
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.messages.base import TextAccessor
from langchain_core.runnables.utils import AddableDict

from chains.errors import UnsupportedPiece
from chains.model import JSONValue, Piece, Source
from chains.text import clean

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

FIELDS = frozenset({"answer", "sources", "context", "confidence", "status"})
DEPTH = 16
"""What is nested deeper in the location of a source is left out."""
WRITABLE = range(-(2**63), 2**64)
"""The integers that JSON is written with."""


def to_piece(raw: object, echo: AbstractSet[str] = frozenset()) -> Piece:
    """Return the piece that a raw output stands for.

    `echo` holds the keys of the chain's own input: `RunnablePassthrough.assign` yields them again before the
    answer, which says nothing. Raises `UnsupportedPiece` for any other form. The text is not cleaned yet.
    """
    if isinstance(raw, Mapping):
        return _of_mapping(raw, echo)
    return Piece(text=_text(raw))


def plain_text(raw: object) -> str | None:
    """Return the text of an output that says nothing else, as nearly all do, or None for any other."""
    kind = type(raw)
    if kind is str:
        return raw  # type: ignore[return-value]  # as the line above says
    if kind is TextAccessor:
        return str(raw)
    if (kind is AddableDict or kind is dict) and len(raw) == 1:  # type: ignore[arg-type]  # as above
        text = raw.get("answer")  # type: ignore[attr-defined]  # as above
        return text if type(text) is str else None
    return None


def _of_mapping(raw: Mapping[Any, Any], echo: AbstractSet[str]) -> Piece:  # Any: a stranger's output
    if not FIELDS & raw.keys():
        if raw.keys() <= echo:
            return Piece()
        raise UnsupportedPiece(f"a dict with only {', '.join(map(reprlib.repr, islice(raw, 6)))}")
    status = raw.get("status")
    return Piece(
        text=_text(raw["answer"]) if raw.get("answer") is not None else "",
        sources=_sources(raw),
        confidence=_unit(raw.get("confidence")),
        status=clean(status) if isinstance(status, str) and status else None,
    )


def _text(raw: object) -> str:
    if isinstance(raw, str):
        return str(raw)
    if isinstance(raw, BaseMessage):
        return str(raw.text)
    raise UnsupportedPiece(type(raw).__name__)


def _sources(raw: Mapping[Any, Any]) -> tuple[Source, ...] | None:  # Any: a stranger's output
    found = raw.get("sources")
    if found is None:
        found = raw.get("context")
    if found is None:
        return None
    if isinstance(found, str) and "sources" not in raw:
        return None  # a prompt's context, already joined to one text
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise UnsupportedPiece(f"sources of type {type(found).__name__}")
    return tuple(_source(each, position) for position, each in enumerate(found, 1))


def _source(raw: object, position: int) -> Source:
    if isinstance(raw, Source):
        raw = raw.as_json()
    if isinstance(raw, Document):
        return _of_document(raw, position)
    if not isinstance(raw, Mapping):
        raise UnsupportedPiece(f"a source of type {type(raw).__name__}")
    location = raw.get("location")
    return Source(
        id=_optional_text(raw.get("id")) or str(position),
        title=_optional_text(raw.get("title")),
        uri=_optional_text(raw.get("uri")),
        excerpt=_optional_text(raw.get("excerpt")) or "",
        score=_number(raw.get("score")),
        location=_object(location) if isinstance(location, Mapping) else None,
    )


def _of_document(document: Document, position: int) -> Source:
    known = document.metadata
    page = known.get("page")
    return Source(
        id=_optional_text(document.id) or str(position),
        title=_optional_text(known.get("title")),
        uri=_optional_text(known.get("source")),
        excerpt=clean(document.page_content),
        score=_number(known.get("score")),
        location=None if page is None else _object({"page": page}),
    )


def _optional_text(value: object) -> str | None:
    return None if value is None else clean(str(value))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _unit(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _object(value: Mapping[Any, Any], depth: int = DEPTH) -> dict[str, JSONValue]:  # Any: a stranger's output
    return {clean(str(key)): _json(each, depth - 1) for key, each in value.items()}


def _json(value: object, depth: int) -> JSONValue:
    """What JSON can hold of a stranger's value."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value) if int(value) in WRITABLE else str(int(value))
    if isinstance(value, Mapping | list | tuple) and not depth:
        return None
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, list | tuple):
        return [_json(each, depth - 1) for each in value]
    return _number(value) if isinstance(value, Real) else clean(str(value))
