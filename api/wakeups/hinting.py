"""Hints as one server tells them to the others."""

from dataclasses import asdict
from datetime import datetime

import msgspec

from api.core.records import Session
from api.service.ports import DocumentHint, Hint, SessionHint, StageHint

_KINDS: dict[str, type[Hint]] = {"session": SessionHint, "stage": StageHint, "document": DocumentHint}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def dump_hint(hint: Hint) -> bytes:
    message: bytes = msgspec.json.encode([_NAMES[type(hint)], asdict(hint)])
    return message


def load_hint(message: bytes) -> Hint | None:
    """None if it is of a kind that this version does not know."""
    name, fields = msgspec.json.decode(message)
    kind = _KINDS.get(name)
    if kind is None:
        return None
    if kind is SessionHint and fields["session"] is not None:
        fields["session"] = _session(fields["session"])
    return kind(**fields)


def _session(fields: dict[str, str]) -> Session:
    times = {name: datetime.fromisoformat(fields[name]) for name in ("created_at", "updated_at")}
    return Session(**fields | times)  # type: ignore[arg-type]  # as it was dumped
