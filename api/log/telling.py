"""Events as one server tells them to the others."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import NamedTuple

import msgspec

from api.core.events import Event
from api.log.rows import as_row, load

FORM = 1
"""Servers of two versions run side by side for a while. Whoever does not know the form looks by itself."""
NAMES = ("seq", "kind", "message_id", "at", "body")
MOST_BYTES = 256 * 1024
"""What is longer is not told: whoever wants it reads it."""


class Told(NamedTuple):
    """Events of one session, in their order. If they are not `all` of what happened, that is looked up."""

    events: Sequence[Event] = ()
    all: bool = False


def dumped(told: Told) -> bytes:
    rows = map(as_row, told.events)
    message: bytes = msgspec.json.encode([FORM, told.all, *([row[name] for name in NAMES] for row in rows)])
    return message if len(message) <= MOST_BYTES else msgspec.json.encode([FORM, False])


def loaded(session_id: str, message: bytes) -> Told:
    form, *rest = msgspec.json.decode(message)
    if form != FORM:
        return Told()
    whole, *rows = rest
    named = [dict(zip(NAMES, row, strict=True)) for row in rows]
    return Told([load(SimpleNamespace(session_id=session_id, **row)) for row in named], whole)
