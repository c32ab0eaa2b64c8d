"""Frames in: typed, or refused with what was wrong and the ids they had."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.core.errors import Code
from api.wire.frames import Hello, Ping, Retry, Send, Stop, Subscribe, Unsubscribe
from api.wire.incoming import MOST_MISTAKES, TYPES, AnyClientFrame, MalformedError, Mistakes, parse

GOOD: list[tuple[dict[str, Any], AnyClientFrame]] = [  # any JSON
    ({"type": "hello", "protocol": 1}, Hello(type="hello", protocol=1)),
    ({"type": "hello", "protocol": 1, "token": "t"}, Hello(type="hello", protocol=1, token="t")),
    ({"type": "send", "content": "Hi 👍"}, Send(type="send", content="Hi 👍")),
    ({"type": "send", "content": "", "chain": None}, Send(type="send", content="")),
    (
        {"type": "send", "content": "x", "session_id": "s", "client_message_id": "c", "chain": "rag"},
        Send(type="send", content="x", session_id="s", client_message_id="c", chain="rag"),
    ),
    ({"type": "retry", "message_id": "m"}, Retry(type="retry", message_id="m")),
    (
        {"type": "retry", "message_id": "m", "client_message_id": "c", "id": "1"},
        Retry(type="retry", message_id="m", client_message_id="c", id="1"),
    ),
    ({"type": "stop", "message_id": "m", "id": "1"}, Stop(type="stop", message_id="m", id="1")),
    ({"type": "subscribe", "session_id": "s"}, Subscribe(type="subscribe", session_id="s")),
    (
        {"type": "subscribe", "session_id": "s", "epoch": "e", "after": 0},
        Subscribe(type="subscribe", session_id="s", epoch="e", after=0),
    ),
    ({"type": "unsubscribe", "session_id": "s"}, Unsubscribe(type="unsubscribe", session_id="s")),
    ({"type": "ping", "id": "x" * 64, "unknown": [1]}, Ping(type="ping", id="x" * 64)),
]

NOT_JSON = [
    "", "{", "null x", "{'type': 'ping'}", '{"type": "ping",}', "\ufeff{}", "NaN", '{"a": Infinity}',
    '"\x00"', '{"type": "send", "content": "\\ud83d"}', '{"type": "send", "content": "\ud83d"}',
    '{"a":' * 17 + "1" + "}" * 17, "[" * 100_000,
]  # fmt: skip

NO_FRAMES: list[object] = [
    1, None, "ping", [], [{"type": "ping"}], {}, {"type": None}, {"type": 1}, {"type": ["ping"]},
    {"type": "send"}, {"type": "send", "content": 5}, {"type": "send", "content": None},
    {"type": "send", "content": "x", "session_id": 5}, {"type": "hello"}, {"type": "hello", "protocol": "1"},
    {"type": "hello", "protocol": True}, {"type": "stop"}, {"type": "stop", "message_id": ["m"]},
    {"type": "retry"}, {"type": "retry", "message_id": 5},
    {"type": "subscribe", "session_id": "s", "after": -1},
    {"type": "subscribe", "session_id": "s", "after": "3"},
    {"type": "subscribe", "session_id": "s", "after": 1.5}, {"type": "subscribe"}, {"type": "unsubscribe"},
    {"type": "ping", "id": 5}, {"type": "ping", "id": "x" * 65},
]  # fmt: skip


def refused(text: str) -> MalformedError:
    with pytest.raises(MalformedError) as malformed:
        parse(text)
    return malformed.value


@pytest.mark.parametrize(("given_frame", "expected"), GOOD)
def test_a_good_frame_is_read(given_frame: dict[str, Any], expected: AnyClientFrame) -> None:
    assert parse(json.dumps(given_frame, ensure_ascii=False)) == expected
    assert parse(json.dumps(given_frame, ensure_ascii=True)) == expected


def test_every_type_of_the_protocol_so_far_is_known() -> None:
    assert {"hello", "send", "retry", "stop", "subscribe", "unsubscribe", "ping"} <= TYPES


@pytest.mark.parametrize("text", NOT_JSON, ids=range(len(NOT_JSON)))
def test_what_is_no_json_is_bad_json(text: str) -> None:
    assert refused(text).error.code is Code.BAD_JSON


@pytest.mark.parametrize("value", NO_FRAMES, ids=map(str, range(len(NO_FRAMES))))
def test_what_does_not_fit_is_a_bad_frame(value: object) -> None:
    malformed = refused(json.dumps(value))
    assert malformed.error.code is Code.BAD_FRAME
    assert malformed.error.problem.message.endswith(".")


def test_an_unknown_type_is_told_as_such() -> None:
    malformed = refused('{"type": "dance", "id": "7"}')
    assert (malformed.error.code, malformed.request) == (Code.UNKNOWN_TYPE, "dance")
    assert malformed.ids == {"id": "7"}


def test_an_endless_type_is_not_echoed_whole() -> None:
    assert len(refused(json.dumps({"type": "x" * 10_000})).request or "") <= 64


def test_a_refusal_carries_the_request_and_the_ids_that_it_had() -> None:
    ids = {"id": "1", "client_message_id": "c", "session_id": "s", "message_id": "m"}
    malformed = refused(json.dumps({"type": "send", "content": 5} | ids))
    assert (malformed.request, malformed.ids) == ("send", ids)


def test_what_is_no_id_is_not_echoed() -> None:
    malformed = refused(json.dumps({"type": "send", "id": 5, "session_id": ["s"], "message_id": "x" * 129}))
    assert malformed.ids == {}


def test_thirty_two_thousand_characters_fit_in_a_frame() -> None:
    text = json.dumps({"type": "send", "content": "👍" * 32_000}, ensure_ascii=False)
    assert len(text.encode()) < 256 * 1024
    assert isinstance(parse(text), Send)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "id",
    "protocol",
    "token",
    "content",
    "session_id",
    "client_message_id",
    "chain",
    "message_id",
    "after",
]
FRAMES = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5).flatmap(
    lambda fields: st.sampled_from(sorted(TYPES)).map(lambda kind: fields | {"type": kind})
)


def harmless(text: str) -> None:
    """Either a frame or a MalformedError; anything else fails the test."""
    with suppress(MalformedError):
        parse(text)


@given(st.text())
@example("\ud800")
def test_any_text_is_harmless(text: str) -> None:
    harmless(text)


@given(st.binary())
def test_any_bytes_that_are_text_are_harmless(raw: bytes) -> None:
    harmless(raw.decode("latin-1"))
    harmless(raw.decode(errors="surrogateescape"))


@given(JSON | FRAMES)
def test_any_json_is_harmless(value: object) -> None:
    harmless(json.dumps(value))
    harmless(json.dumps(value, ensure_ascii=False))


@given(st.sampled_from([frame for frame, _ in GOOD]), st.data())
def test_a_good_frame_with_one_wound_is_harmless(frame: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(frame)
    place = data.draw(st.integers(0, len(text)))
    harmless(text[:place] + data.draw(st.text(max_size=3)) + text[place + data.draw(st.integers(0, 3)) :])


def test_twenty_mistakes_in_a_row_are_too_many() -> None:
    mistakes = Mistakes()
    assert [mistakes.made() for _ in range(20)] == [False] * 19 + [True]
    assert MOST_MISTAKES == 20


def test_a_good_frame_between_forgives() -> None:
    mistakes = Mistakes()
    for _ in range(19):
        assert not mistakes.made()
    mistakes.forgiven()
    assert [mistakes.made() for _ in range(20)] == [False] * 19 + [True]
