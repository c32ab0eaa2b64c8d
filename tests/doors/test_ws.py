"""The protocol page, sections 2 and 3, as a client of `/ws/chat` sees it."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from tests.support.live import Live, User, live
from tests.support.talk import PATIENCE_S, Frame, answer_of, hear, say, socket, to_the_end, until

ANY_ID = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def connection(server: Live, user: User) -> Iterator[ClientConnection]:
    with socket(server, user) as found:
        yield found


def closed_with(connection: ClientConnection) -> int:
    """The code of the close that comes, after whatever comes before it."""
    with pytest.raises(ConnectionClosed) as closed:
        read_on(connection)
    received = closed.value.rcvd
    assert received is not None
    return received.code


def read_on(connection: ClientConnection) -> None:
    while True:
        connection.recv(timeout=PATIENCE_S)


def ask(connection: ClientConnection, content: str = "tokens=3", **fields: Any) -> list[Frame]:
    say(connection, type="send", content=content, **fields)
    return to_the_end(connection)


def of_type(frames: list[Frame], kind: str) -> Frame:
    return next(frame for frame in frames if frame["type"] == kind)


# Greeting and identity


def test_hello_is_welcomed_with_the_limits_and_the_user(connection: ClientConnection, user: User) -> None:
    say(connection, type="hello", protocol=1, id="h1")
    welcome = hear(connection)
    assert (welcome["type"], welcome["id"], welcome["protocol"]) == ("welcome", "h1", 1)
    assert (welcome["heartbeat_s"], welcome["user_id"]) == (30, user.id)
    assert welcome["limits"]["message_chars"] == 32_000


def test_a_token_in_hello_identifies_a_connection_that_brought_none(server: Live, user: User) -> None:
    with socket(server, None) as connection:
        say(connection, type="hello", protocol=1, token=user.token)
        assert hear(connection)["user_id"] == user.id
        assert answer_of(ask(connection, "tokens=1"))["status"] == "complete"


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "hello", "protocol": 1},
        {"type": "hello", "protocol": 1, "token": "forged.token"},
        {"type": "send", "content": "hello"},
    ],
)
def test_whoever_is_nobody_is_told_so_and_closed_with_4501(server: Live, frame: Frame) -> None:
    with socket(server, None) as connection:
        say(connection, **frame)
        error = hear(connection)
        assert (error["type"], error["code"], error["request"]) == ("error", "unauthorized", frame["type"])
        assert closed_with(connection) == 4501


def test_a_forged_bearer_token_accepts_the_upgrade_and_closes_with_4501(server: Live) -> None:
    with socket(server, None, headers={"Authorization": "Bearer forged"}) as connection:
        assert closed_with(connection) == 4501


def test_an_unknown_version_is_refused_with_4502(connection: ClientConnection) -> None:
    say(connection, type="hello", protocol=2)
    assert hear(connection)["code"] == "unsupported_version"
    assert closed_with(connection) == 4502


def test_a_foreign_origin_is_refused_before_the_upgrade(server: Live, user: User) -> None:
    with pytest.raises(InvalidStatus) as refused, socket(server, user, origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403


def test_the_own_origin_is_welcome_and_the_subprotocol_is_selected(server: Live, user: User) -> None:
    with socket(server, user, origin=server.url, subprotocols=["chat.v1"]) as connection:
        assert connection.subprotocol == "chat.v1"


# Sending


def test_a_sender_sees_all_of_the_answer_however_fast_it_was(connection: ClientConnection) -> None:
    frames = ask(connection, "tokens=50 confidence=0.5 sources=1", id="q")
    kinds = [frame["type"] for frame in frames if frame["type"] != "session"]
    assert kinds[:3] == ["ack", "subscribed", "message"]
    ack, subscribed, message = (of_type(frames, kind) for kind in ("ack", "subscribed", "message"))
    assert ack["id"] == "q"
    assert "id" not in subscribed
    assert (subscribed["recovered"], subscribed["seq"]) == (False, message["seq"] - 1)
    assert message["message"]["id"] == ack["pending_message_id"]
    assert answer_of(frames)["content"].split() == [f"t{n}" for n in range(50)]
    text = answer_of(frames)["content"]
    assert (frames[-1]["length"], frames[-1]["crc32"]) == (len(text), f"{zlib.crc32(text.encode()):08x}")


def test_the_first_stage_of_a_new_session_is_told(connection: ClientConnection) -> None:
    for _ in range(5):
        stage = of_type(ask(connection, "tokens=2 status=searching"), "status")
        assert stage["stage"] == "searching"


def test_frames_of_a_session_are_gapless(connection: ClientConnection) -> None:
    frames = ask(connection, "tokens=40 rate=400")
    cursor = of_type(frames, "subscribed")["seq"]
    for frame in frames:
        if "seq" in frame and frame["type"] != "subscribed":
            assert frame.get("from", frame["seq"]) == cursor + 1
            cursor = frame["seq"]


def test_a_client_that_only_sends_and_reads_stays_in_one_session(connection: ClientConnection) -> None:
    first = ask(connection)[-1]
    second = ask(connection, session_id=first["session_id"])[-1]
    assert second["session_id"] == first["session_id"]


def test_a_second_send_while_an_answer_runs_is_busy_and_not_accepted(connection: ClientConnection) -> None:
    say(connection, type="send", content="tokens=1000 rate=20")
    ack = of_type(until(connection, "subscribed"), "ack")
    say(
        connection,
        type="send",
        content="another",
        session_id=ack["session_id"],
        client_message_id="b",
        id="b1",
    )
    error = of_type(until(connection, "error"), "error")
    assert (error["code"], error["id"], error["request"]) == ("session_busy", "b1", "send")
    assert error["client_message_id"] == "b"
    assert error["message_id"] == ack["pending_message_id"]
    assert error["retry_after_ms"] > 0
    say(connection, type="stop", message_id=ack["pending_message_id"])
    assert to_the_end(connection)[-1]["status"] == "cancelled"
    assert ask(connection, session_id=ack["session_id"], client_message_id="b")[-1]["status"] == "complete"


def test_the_same_id_with_other_words_is_a_conflict(connection: ClientConnection) -> None:
    ask(connection, client_message_id="c")
    say(connection, type="send", content="tokens=4", client_message_id="c")
    assert of_type(until(connection, "error"), "error")["code"] == "idempotency_conflict"


def test_a_repeated_send_replays_the_answer_to_a_connection_that_did_not_follow(
    server: Live, user: User, connection: ClientConnection
) -> None:
    first = answer_of(ask(connection, "tokens=30", client_message_id="again"))
    with socket(server, user) as other:
        frames = ask(other, "tokens=30", client_message_id="again")
    ack = of_type(frames, "ack")
    assert (ack["duplicate"], ack["status"]) == (True, "complete")
    assert answer_of(frames) == first


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"content": ""}, "invalid"),
        ({"content": " \n\t"}, "invalid"),
        ({"content": "nul \0"}, "invalid"),
        ({"content": "x" * 32_001}, "too_large"),
        ({"content": "x", "client_message_id": ""}, "invalid"),
        ({"content": "x", "client_message_id": "é"}, "invalid"),
        ({"content": "x", "client_message_id": "i" * 129}, "invalid"),
        ({"content": "x", "chain": "nowhere"}, "unknown_chain"),
        ({"content": "x", "session_id": ANY_ID}, "not_found"),
        ({"content": 7}, "bad_frame"),
        ({}, "bad_frame"),
    ],
)
def test_a_send_that_cannot_be_accepted_says_why(
    connection: ClientConnection, fields: dict[str, Any], code: str
) -> None:
    say(connection, type="send", id="x", **fields)
    error = hear(connection)
    assert (error["type"], error["code"], error["request"], error["id"]) == ("error", code, "send", "x")
    assert "seq" not in error
    say(connection, type="ping")
    assert hear(connection) == {"type": "pong"}


def test_32000_characters_of_any_kind_are_accepted(connection: ClientConnection) -> None:
    content = "tokens=1 " + "\U0001f600" * 31_991
    connection.send(json.dumps({"type": "send", "content": content}, ensure_ascii=False))
    assert to_the_end(connection)[-1]["status"] == "complete"


# Stopping


def test_a_stopped_answer_keeps_its_text(connection: ClientConnection, user: User) -> None:
    say(connection, type="send", content="tokens=1000 rate=50")
    frames = until(connection, "token")
    pending = of_type(frames, "ack")["pending_message_id"]
    say(connection, type="stop", message_id=pending, id="s")
    frames += to_the_end(connection)
    assert frames[-1]["status"] == "cancelled"
    if not any(each["type"] == "stopped" for each in frames):
        stopped = until(connection, "stopped")[-1]
    else:
        stopped = of_type(frames, "stopped")
    assert (stopped["id"], stopped["status"]) == ("s", "cancelled")
    path = f"/api/chat/sessions/{frames[-1]['session_id']}/messages/{pending}"
    assert user.http.get(path).json()["content"] == answer_of(frames)["content"] != ""


def test_stopping_what_has_ended_tells_how_it_ended(connection: ClientConnection) -> None:
    pending = of_type(ask(connection), "ack")["pending_message_id"]
    say(connection, type="stop", message_id=pending)
    assert of_type(until(connection, "stopped"), "stopped")["status"] == "complete"


# Following


def test_leaving_and_coming_back_continues_at_the_exact_token(server: Live, user: User) -> None:
    with socket(server, user) as connection:
        say(connection, type="send", content="tokens=60 rate=200")
        seen = until(connection, "token")
        seen += until(connection, "token")
    epoch = of_type(seen, "ack")["epoch"]
    with socket(server, user) as connection:
        session = seen[-1]["session_id"]
        say(connection, type="subscribe", session_id=session, epoch=epoch, after=seen[-1]["seq"], id="r")
        subscribed = hear(connection)
        assert (subscribed["type"], subscribed["id"]) == ("subscribed", "r")
        assert (subscribed["recovered"], subscribed["seq"]) == (True, seen[-1]["seq"])
        seen += to_the_end(connection)
    assert answer_of(seen)["content"].split() == [f"t{n}" for n in range(60)]


@pytest.mark.parametrize("asked", [{}, {"epoch": "another", "after": 0}, {"after": 1}])
def test_without_a_position_that_holds_a_follower_begins_before_the_running_answer(
    server: Live, user: User, connection: ClientConnection, asked: dict[str, Any]
) -> None:
    say(connection, type="send", content="tokens=30 rate=60")
    ack = of_type(until(connection, "token"), "ack")
    with socket(server, user) as other:
        say(other, type="subscribe", session_id=ack["session_id"], **asked)
        frames = to_the_end(other)
    assert frames[0]["recovered"] is False
    assert of_type(frames, "message")["message"]["id"] == ack["pending_message_id"]
    assert answer_of(frames)["content"].split() == [f"t{n}" for n in range(30)]


def test_a_position_beyond_the_end_does_not_hold(connection: ClientConnection) -> None:
    frames = ask(connection)
    ack = of_type(frames, "ack")
    end = frames[-1]["seq"]
    say(connection, type="subscribe", session_id=ack["session_id"], epoch=ack["epoch"], after=end + 1, id="s")
    subscribed = next(each for each in until(connection, "subscribed") if each.get("id") == "s")
    assert (subscribed["recovered"], subscribed["seq"], subscribed["end"]) == (False, end, end)


def test_two_tabs_see_the_same_answer(server: Live, user: User, connection: ClientConnection) -> None:
    session = user.http.post("/api/chat/sessions", json={}).json()["id"]
    with socket(server, user) as other:
        for each in (connection, other):
            say(each, type="subscribe", session_id=session)
            until(each, "subscribed")
        say(connection, type="send", content="tokens=20 rate=200", session_id=session)
        here, there = to_the_end(connection), to_the_end(other)
    assert answer_of(here) == answer_of(there)
    assert [each["message"]["role"] for each in there if each["type"] == "message"] == ["user", "assistant"]


def test_after_unsubscribe_nothing_more_comes(connection: ClientConnection) -> None:
    say(connection, type="send", content="tokens=1000 rate=50")
    ack = of_type(until(connection, "token"), "ack")
    say(connection, type="unsubscribe", session_id=ack["session_id"])
    say(connection, type="ping", id="p")
    until(connection, "pong")
    say(connection, type="stop", message_id=ack["pending_message_id"])
    assert all(each["type"] in {"stopped", "session"} for each in until(connection, "stopped"))


def test_a_connection_follows_at_most_32_sessions(connection: ClientConnection, user: User) -> None:
    ids = [user.http.post("/api/chat/sessions", json={}).json()["id"] for _ in range(33)]
    for session in ids[:32]:
        say(connection, type="subscribe", session_id=session)
        assert until(connection, "subscribed", "error")[-1]["type"] == "subscribed"
    for frame in ({"type": "subscribe", "session_id": ids[32]}, {"type": "send", "content": "tokens=1"}):
        say(connection, **frame)
        assert until(connection, "error")[-1]["code"] == "rate_limited"
    say(connection, type="subscribe", session_id=ids[0], id="again")
    assert until(connection, "subscribed", "error")[-1]["type"] == "subscribed"


def test_a_full_connection_is_still_told_of_what_it_had_sent(
    connection: ClientConnection, user: User
) -> None:
    ask(connection, client_message_id="early")
    done = ask(connection, client_message_id="late")[-1]
    for _ in range(30):
        session = user.http.post("/api/chat/sessions", json={}).json()["id"]
        say(connection, type="subscribe", session_id=session)
        assert until(connection, "subscribed", "error")[-1]["type"] == "subscribed"
    say(connection, type="send", content="tokens=3", client_message_id="late")
    ack = until(connection, "ack", "error")[-1]
    assert (ack["duplicate"], ack["pending_message_id"]) == (True, done["message_id"])
    say(connection, type="send", content="something new")
    assert until(connection, "error")[-1]["retry_after_ms"] > 0


def test_the_chain_of_a_session_cannot_be_changed(connection: ClientConnection) -> None:
    session = ask(connection)[-1]["session_id"]
    say(connection, type="send", content="x", session_id=session, chain="another")
    assert until(connection, "error")[-1]["code"] == "invalid"


def test_deleting_a_session_ends_its_answer_and_is_told_to_every_connection(
    server: Live, user: User, connection: ClientConnection
) -> None:
    say(connection, type="send", content="tokens=1000 rate=50")
    session = of_type(until(connection, "token"), "ack")["session_id"]
    with socket(server, user) as other:
        say(other, type="ping")
        until(other, "pong")
        assert user.http.delete(f"/api/chat/sessions/{session}").status_code == 204
        hint = until(other, "session")[-1]
        assert (hint["session_id"], hint["deleted"]) == (session, True)
    assert to_the_end(connection)[-1]["status"] == "cancelled"
    say(connection, type="subscribe", session_id=session)
    assert until(connection, "error")[-1]["code"] == "not_found"


# Other people's things, and bad frames


def test_other_peoples_ids_look_like_unknown_ones(server: Live, connection: ClientConnection) -> None:
    done = ask(connection)[-1]
    with server.user() as stranger, socket(server, stranger) as other:
        for theirs, unknown in (
            ({"type": "subscribe", "session_id": done["session_id"]}, {"session_id": ANY_ID}),
            ({"type": "stop", "message_id": done["message_id"]}, {"message_id": ANY_ID}),
            ({"type": "send", "content": "x", "session_id": done["session_id"]}, {"session_id": ANY_ID}),
        ):
            said = []
            for frame in (theirs, theirs | unknown):
                say(other, **frame)
                error = hear(other)
                said.append({k: v for k, v in error.items() if k not in {"session_id", "message_id"}})
            assert said[0] == said[1]
            assert said[0]["code"] == "not_found"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_json"),
        ('"\\ud800"', "bad_json"),
        ('{"type": "send", "content": "\\ud800"}', "bad_json"),
        ("[" * 20 + "]" * 20, "bad_json"),
        ("[]", "bad_frame"),
        ("{}", "bad_frame"),
        ('{"type": 1}', "bad_frame"),
        ('{"type": "subscribe"}', "bad_frame"),
        ('{"type": "sing"}', "unknown_type"),
    ],
)
def test_a_malformed_frame_gets_an_error_and_the_connection_lives(
    connection: ClientConnection, text: str, code: str
) -> None:
    connection.send(text)
    assert hear(connection)["code"] == code
    say(connection, type="ping")
    assert hear(connection)["type"] == "pong"


def test_twenty_malformed_frames_in_a_row_close_with_4500(connection: ClientConnection) -> None:
    for _ in range(19):
        connection.send("{")
        hear(connection)
    say(connection, type="ping")
    hear(connection)
    for _ in range(20):
        connection.send('{"type": "sing"}')
    assert closed_with(connection) == 4500


def test_a_binary_frame_closes_with_1003(connection: ClientConnection) -> None:
    connection.send(b"\x00")
    assert closed_with(connection) == 1003


def test_a_frame_over_the_limit_closes_with_1009(connection: ClientConnection) -> None:
    connection.send(json.dumps({"type": "send", "content": "x" * 262_144}))
    assert closed_with(connection) == 1009


# Limits


def test_a_socket_too_many_closes_the_one_that_was_silent_longest(tmp_path: Path) -> None:
    with (
        live(tmp_path, limit_sockets_per_user=2, limit_sockets_per_address=3) as server,
        server.user() as user,
        socket(server, user) as first,
        socket(server, user) as second,
    ):
        for each in (second, first):
            say(each, type="ping")
            hear(each)
        with socket(server, user) as third:
            assert closed_with(second) == 4504
            say(third, type="ping")
            assert hear(third)["type"] == "pong"


def test_an_address_with_too_many_sockets_is_refused_with_429(tmp_path: Path) -> None:
    with live(tmp_path, limit_sockets_per_address=1) as server, server.user() as user, socket(server, user):
        with pytest.raises(InvalidStatus) as refused, socket(server, user):
            pass
        assert refused.value.response.status_code == 429
