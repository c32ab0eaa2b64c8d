"""Events, hints and replies as frames."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import orjson
from msgspec.structs import replace

from api.core.errors import ChatError
from api.core.events import PIECE_BYTES, Created, Ended, Event, Piece
from api.core.lifecycle import Status
from api.core.records import JSON
from api.service.follow import Start
from api.service.ports import DocumentHint, Hint, SessionHint, StageHint
from api.service.requests import Accepted
from api.wire.objects import message_json, problem_json, session_json

ENCODED_PIECES = 1024


def encode(frame: dict[str, JSON]) -> str:
    """One frame as JSON text."""
    return orjson.dumps(frame).decode()


class Frame(NamedTuple):
    """One frame of the log: its `type`, its JSON text, and how many events are in it."""

    type: str
    text: str
    events: int


def next_frame(waiting: Sequence[Event]) -> Frame:
    """The frame of the first waiting events.

    Pieces of one answer that wait together travel together, up to the size of one piece.
    """
    first = waiting[0]
    if not isinstance(first, Piece):
        body = event_json(first)
        return Frame(str(body["type"]), encode(body), 1)
    count = _joinable(first, waiting) if len(waiting) > 1 else 1
    if count == 1:
        return Frame("token", _encoded_piece(first), 1)
    joined = replace(first, content="".join(_content(event) for event in waiting[:count]))
    return Frame("token", encode(_token(joined, waiting[count - 1].seq)), count)


def frames_of(events: Sequence[Event]) -> list[Frame]:
    """All of these, as few frames as there can be."""
    frames = [next_frame(events)]
    taken = frames[0].events
    while taken < len(events):
        frames.append(next_frame(events[taken:]))
        taken += frames[-1].events
    return frames


def _joinable(first: Piece, waiting: Sequence[Event]) -> int:
    room = PIECE_BYTES // 4 - len(first.content)  # a code point has at most four bytes
    end = first.at + len(first.content)
    count = 1
    for event in waiting[1:]:
        if not isinstance(event, Piece) or event.message_id != first.message_id or event.at != end:
            break
        room -= len(event.content)
        if room < 0:
            break
        end += len(event.content)
        count += 1
    return count


def _content(event: Event) -> str:
    return event.content if isinstance(event, Piece) else ""


@lru_cache(maxsize=ENCODED_PIECES)
def _encoded_piece(piece: Piece) -> str:
    """A live piece goes to all its followers as the same text."""
    return encode(_token(piece, piece.seq))


def event_json(event: Event) -> dict[str, JSON]:
    """One event as the object of its frame."""
    if isinstance(event, Created):
        return {
            "type": "message",
            "session_id": event.session_id,
            "seq": event.seq,
            "message": dict(message_json(event.message)),
        }
    if isinstance(event, Piece):
        return _token(event, event.seq)
    return _end(event)


def _token(piece: Piece, last_seq: int) -> dict[str, JSON]:
    return {
        "type": "token",
        "session_id": piece.session_id,
        "message_id": piece.message_id,
        "content": piece.content,
        "at": piece.at,
        "from": piece.seq,
        "seq": last_seq,
    }


def _end(event: Ended) -> dict[str, JSON]:
    whole: dict[str, JSON] = {
        "session_id": event.session_id,
        "message_id": event.message_id,
        "status": event.status.value,
        "generation_time_ms": event.generation_time_ms,
        "length": event.length,
        "crc32": event.crc32,
        "seq": event.seq,
    }
    if event.status in {Status.COMPLETE, Status.CANCELLED}:
        sources: list[JSON] = [dict(source) for source in event.sources]
        return {"type": "done", "sources": sources, "confidence": event.confidence} | whole
    broken: dict[str, JSON] = {} if event.error is None else problem_json(event.error)
    return {"type": "error", **broken, **whole}


def hint_json(hint: Hint) -> dict[str, JSON]:
    if isinstance(hint, StageHint):
        return {
            "type": "status",
            "session_id": hint.session_id,
            "message_id": hint.message_id,
            "stage": hint.stage,
        }
    if isinstance(hint, DocumentHint):
        return {"type": "document", "document": dict(hint.document)}
    return _session_hint(hint)


def _session_hint(hint: SessionHint) -> dict[str, JSON]:
    if hint.session is None:
        return {"type": "session", "session_id": hint.session_id, "deleted": True}
    return {"type": "session", "session": session_json(hint.session)}


def ack_json(accepted: Accepted) -> dict[str, JSON]:
    return {
        "type": "ack",
        "client_message_id": accepted.client_message_id,
        "session_id": accepted.session_id,
        "epoch": accepted.before.epoch,
        "index": accepted.index,
        "user_message_id": accepted.user_message_id,
        "pending_message_id": accepted.pending_message_id,
        "status": accepted.status.value,
        "duplicate": accepted.duplicate,
    }


def subscribed_json(start: Start) -> dict[str, JSON]:
    return {
        "type": "subscribed",
        "session_id": start.session_id,
        "epoch": start.position.epoch,
        "seq": start.position.seq,
        "end": start.end,
        "recovered": start.recovered,
    }


def error_json(error: ChatError, request: str | None = None, **ids: str | None) -> dict[str, JSON]:
    """An error that concerns one request, with the ids that it had and those that the error names."""
    fields: dict[str, JSON] = {"type": "error", **problem_json(error.problem)}
    if request is not None:
        fields["request"] = request
    return fields | {name: value for name, value in (ids | dict(error.ids)).items() if value is not None}
