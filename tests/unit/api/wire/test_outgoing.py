"""What is sent fits the protocol's own models, word for word."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from api.core.errors import ChatError, Code, Problem
from api.core.events import PIECE_BYTES, Created, Ended, Event, Piece
from api.core.lifecycle import Role, Status
from api.core.records import JSON, Message, Position, Session
from api.core.text import cut
from api.service.follow import Start
from api.service.ports import DocumentHint, Hint, SessionHint, StageHint
from api.service.requests import Accepted
from api.wire.frames import Done, ErrorFrame, MessageFrame, ServerFrame, Token
from api.wire.objects import time_json
from api.wire.outgoing import (
    ack_json,
    encode,
    error_json,
    event_json,
    hint_json,
    next_frame,
    subscribed_json,
)  # fmt: skip

FRAME: TypeAdapter[BaseModel] = TypeAdapter(ServerFrame)
NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
SOURCE: dict[str, JSON] = {
    "id": "1", "title": "T", "uri": None, "excerpt": "…", "score": 0.5, "location": {"page": 3},
}  # fmt: skip
PROBLEM = Problem(Code.CHAIN_FAILED, "It broke.", retryable=True, error_id="e")
QUESTION = Message("q", "s", 1, Role.USER, "Why? 👍", Status.COMPLETE, NOW, "c", completed_at=NOW)
ANSWER = Message(
    "a", "s", 2, Role.ASSISTANT, "So.", Status.FAILED, NOW, None, "q", None, (SOURCE,), 0.5, 12, PROBLEM, NOW
)
DONE = Ended("s", 9, "a", Status.COMPLETE, 3, "0a0b0c0d", (SOURCE,), 0.5, 12, None, NOW)
SESSION = Session("s", "Title", "rag", 3, NOW, NOW, 2, "So.")
DOCUMENT: dict[str, JSON] = {
    "id": "d", "title": "T", "filename": "t.md", "media_type": "text/markdown", "bytes": 5,
    "status": "indexing", "progress": 0.4, "passages": 0, "error": None, "created_at": time_json(NOW),
}  # fmt: skip
ACCEPTED = Accepted("c", "rag", QUESTION, "a", Status.PENDING, Position("e", 1), duplicate=False)


def fits(frame: dict[str, JSON]) -> BaseModel:
    """The model that the frame is; and it says nothing that the model does not know."""
    text = encode(frame)
    model = FRAME.validate_json(text)
    known = {field.alias or name for name, field in type(model).model_fields.items()}
    assert set(json.loads(text)) <= known
    return model


EVENTS: list[tuple[Event, type[BaseModel]]] = [
    (Created("s", 1, QUESTION), MessageFrame),
    (Created("s", 2, ANSWER), MessageFrame),
    (Piece("s", 3, "a", 0, "So."), Token),
    (DONE, Done),
    (replace(DONE, status=Status.CANCELLED, sources=(), confidence=None), Done),
    (replace(DONE, status=Status.FAILED, error=PROBLEM), ErrorFrame),
    (replace(DONE, status=Status.INTERRUPTED, error=replace(PROBLEM, code=Code.INTERRUPTED)), ErrorFrame),
]


@pytest.mark.parametrize(("event", "model"), EVENTS)
def test_every_event_is_a_frame_of_the_protocol(event: Event, model: type[BaseModel]) -> None:
    assert type(fits(event_json(event))) is model
    assert json.loads(next_frame([event]).text) == event_json(event)


def test_a_token_says_from_where_to_where_it_goes() -> None:
    assert event_json(Piece("s", 7, "a", 30, "text")) == {
        "type": "token", "session_id": "s", "message_id": "a", "content": "text", "at": 30,
        "from": 7, "seq": 7,
    }  # fmt: skip


def test_done_has_the_protocols_fields() -> None:
    assert event_json(DONE) == {
        "type": "done", "session_id": "s", "message_id": "a", "status": "complete", "sources": [SOURCE],
        "confidence": 0.5, "generation_time_ms": 12, "length": 3, "crc32": "0a0b0c0d", "seq": 9,
    }  # fmt: skip


def test_a_terminal_error_names_its_message_place_and_measure() -> None:
    frame = event_json(replace(DONE, status=Status.FAILED, error=PROBLEM))
    terminal = {
        "session_id": "s",
        "message_id": "a",
        "seq": 9,
        "status": "failed",
        "length": 3,
        "crc32": "0a0b0c0d",
    }
    problem = {"code": "chain_failed", "message": "It broke.", "retryable": True, "error_id": "e"}
    assert frame.items() >= (terminal | problem).items()


def test_a_message_has_the_protocols_fields() -> None:
    frame: Any = event_json(Created("s", 2, ANSWER))
    assert frame["message"] == {
        "id": "a", "session_id": "s", "index": 2, "role": "assistant", "content": "So.", "status": "failed",
        "client_message_id": None, "reply_to": "q", "retry_of": None, "sources": [SOURCE], "confidence": 0.5,
        "generation_time_ms": 12, "created_at": "2026-01-02T03:04:05.000678Z",
        "completed_at": "2026-01-02T03:04:05.000678Z",
        "error": {"code": "chain_failed", "message": "It broke.", "retryable": True, "error_id": "e"},
    }  # fmt: skip


HINTS: list[tuple[Hint, dict[str, Any]]] = [
    (StageHint("s", "a", "searching"),
     {"type": "status", "session_id": "s", "message_id": "a", "stage": "searching"}),
    (SessionHint("s"), {"type": "session", "session_id": "s", "deleted": True}),
    (DocumentHint(DOCUMENT), {"type": "document", "document": DOCUMENT}),
]  # fmt: skip


@pytest.mark.parametrize(("hint", "expected"), HINTS)
def test_every_hint_is_a_frame_of_the_protocol(hint: Hint, expected: dict[str, Any]) -> None:
    fits(hint_json(hint))
    assert hint_json(hint) == expected


def test_a_changed_session_is_told_whole() -> None:
    frame: Any = hint_json(SessionHint("s", SESSION))
    fits(frame)
    assert frame["session"].items() >= {"id": "s", "title": "Title", "chain": "rag", "revision": 3}.items()


def test_an_acknowledgement_has_the_protocols_fields() -> None:
    fits(ack_json(ACCEPTED))
    assert ack_json(ACCEPTED) == {
        "type": "ack", "client_message_id": "c", "session_id": "s", "epoch": "e", "index": 1,
        "user_message_id": "q", "pending_message_id": "a", "status": "pending", "duplicate": False,
    }  # fmt: skip


def test_subscribed_has_the_protocols_fields() -> None:
    frame = subscribed_json(Start("s", Position("e", 4), 9, recovered=True))
    fits(frame)
    assert frame == {
        "type": "subscribed", "session_id": "s", "epoch": "e", "seq": 4, "end": 9, "recovered": True,
    }  # fmt: skip


@pytest.mark.parametrize("code", list(Code))
def test_every_error_is_a_frame_of_the_protocol(code: Code) -> None:
    error = ChatError(code, retry_after_ms=5, error_id="e", ids={"message_id": "busy"})
    frame = error_json(error, "send", id="7", session_id="s", client_message_id=None)
    fits(frame)
    told = {"code": code.value, "request": "send", "id": "7", "session_id": "s", "message_id": "busy"}
    assert frame.items() >= told.items()
    assert "seq" not in frame


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (NOW, "2026-01-02T03:04:05.000678Z"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000000Z"),
        (datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T00:00:00.000000Z"),
    ],
)
def test_times_are_utc_with_z(time: datetime, text: str) -> None:
    assert time_json(time) == text


# Pieces that wait together


def pieces(*texts: str, message_id: str = "a", seq: int = 3, at: int = 0) -> list[Event]:
    found: list[Event] = []
    for text in texts:
        found.append(Piece("s", seq + len(found), message_id, at, text))
        at += len(text)
    return found


def test_pieces_that_wait_together_travel_together() -> None:
    frame = next_frame([*pieces("Ein ", "größerer ", "👍"), DONE])
    assert (frame.type, frame.events) == ("token", 3)
    token: Any = json.loads(frame.text)
    assert (token["content"], token["at"], token["from"], token["seq"]) == ("Ein größerer 👍", 0, 3, 5)


def test_pieces_of_two_answers_do_not_mix() -> None:
    frame = next_frame([*pieces("a", "b"), *pieces("c", message_id="other", seq=5)])
    assert frame.events == 2


TEXTS = st.lists(
    st.builds(lambda char, times: char * times, st.sampled_from("aß→𝄞"), st.integers(1, 6000)),
    min_size=1,
    max_size=12,
)


@given(TEXTS)
def test_joined_tokens_are_gapless_and_hold_no_more_than_a_piece(texts: list[str]) -> None:
    waiting = pieces(*(part for text in texts for part in cut(text, PIECE_BYTES)), seq=11)
    last, text = 10, ""
    while waiting:
        frame = next_frame(waiting)
        token: Any = json.loads(frame.text)
        assert isinstance(fits(token), Token)
        assert len(token["content"].encode()) <= PIECE_BYTES
        assert (token["from"], token["at"]) == (last + 1, len(text))
        assert token["seq"] == last + frame.events
        last, text = token["seq"], text + token["content"]
        del waiting[: frame.events]
    assert text == "".join(texts)
