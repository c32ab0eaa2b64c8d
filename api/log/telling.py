"""Events as one server tells them to the others."""

from collections.abc import Sequence
from types import SimpleNamespace

import msgspec

from api.core.events import Event
from api.log.rows import as_row, load

FORM = 1
"""Servers of two versions run side by side for a while. Whoever does not know the form looks by itself."""
NAMES = ("seq", "kind", "message_id", "at", "body")
MOST_BYTES = 256 * 1024
"""What is longer is not told: whoever wants it reads it."""


def told(events: Sequence[Event]) -> bytes:
    """Of one session, in their order."""
    rows = map(as_row, events)
    message: bytes = msgspec.json.encode([FORM, *([row[name] for name in NAMES] for row in rows)])
    return message if len(message) <= MOST_BYTES else msgspec.json.encode([FORM])


def heard(session_id: str, message: bytes) -> Sequence[Event]:
    """Nothing, if something has happened that has to be looked up."""
    form, *rows = msgspec.json.decode(message)
    if form != FORM:
        return ()
    named = [dict(zip(NAMES, row, strict=True)) for row in rows]
    return [load(SimpleNamespace(session_id=session_id, **row)) for row in named]
