"""A further attempt by the WebSocket and by REST: what is told, what is refused, and that it is made once."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from tests.doors.test_rest import ANY_ID, ask, check_golden, refused, shape
from tests.support.live import Live, User, live
from tests.support.talk import Frame, answer_of, hear, retry_path, say, socket, to_the_end, until


@pytest.fixture
def connection(server: Live, user: User) -> Iterator[ClientConnection]:
    with socket(server, user) as found:
        yield found


def of_type(frames: list[Frame], kind: str) -> Frame:
    found = [frame for frame in frames if frame["type"] == kind]
    assert len(found) == 1, f"{len(found)} frames of the type {kind}"
    return found[0]


def retried(connection: ClientConnection, message_id: str, **fields: Any) -> list[Frame]:
    say(connection, type="retry", message_id=message_id, **fields)
    return to_the_end(connection)


def error_for(connection: ClientConnection, **frame: Any) -> Frame:
    say(connection, type="retry", **frame)
    return until(connection, "error")[-1]


def post(user: User, session: str, message: str, **how: Any) -> Any:  # a response
    return user.http.post(retry_path(session, message), **({"json": {}} | how))


# What is told


def test_a_retry_is_acknowledged_then_followed_from_its_own_beginning(
    user: User, connection: ClientConnection
) -> None:
    sent = ask(user, "tokens=5")
    frames = retried(connection, sent["pending_message_id"], id="r", client_message_id="c")
    ack, subscribed, message = (of_type(frames, kind) for kind in ("ack", "subscribed", "message"))
    kinds = [frame["type"] for frame in frames if frame["type"] != "session"]
    assert kinds[:3] == ["ack", "subscribed", "message"]
    assert (ack["id"], ack["client_message_id"], ack["duplicate"]) == ("r", "c", False)
    assert (ack["index"], ack["user_message_id"]) == (1, sent["user_message"]["id"])
    assert (subscribed["recovered"], subscribed["seq"]) == (False, message["seq"] - 1)
    born = message["message"]
    assert born["id"] == ack["pending_message_id"]
    assert (born["index"], born["client_message_id"], born["status"]) == (3, "c", "pending")
    assert (born["reply_to"], born["retry_of"]) == (sent["user_message"]["id"], sent["pending_message_id"])
    assert answer_of(frames)["content"].split() == ["t0", "t1", "t2", "t3", "t4"]


def test_whoever_follows_the_session_sees_the_attempt_come_without_a_new_subscription(
    server: Live, user: User, connection: ClientConnection
) -> None:
    sent = ask(user, "tokens=3")
    session = sent["message"]["session_id"]
    with socket(server, user) as other:
        for each in (connection, other):
            say(each, type="subscribe", session_id=session)
            until(each, "subscribed")
        here = retried(connection, sent["pending_message_id"])
        there = to_the_end(other)
    if not any(frame["type"] == "ack" for frame in here):
        here += until(connection, "ack")
    assert not any(frame["type"] == "subscribed" for frame in here + there)
    assert of_type(here, "message") == of_type(there, "message")


def test_a_repeated_retry_replays_the_attempt_to_a_connection_that_did_not_follow(
    server: Live, user: User, connection: ClientConnection
) -> None:
    sent = ask(user, "tokens=20")
    first = answer_of(retried(connection, sent["pending_message_id"], client_message_id="k"))
    with socket(server, user) as other:
        frames = retried(other, sent["pending_message_id"], client_message_id="k")
    ack = of_type(frames, "ack")
    assert (ack["duplicate"], ack["status"]) == (True, "complete")
    assert answer_of(frames) == first


def test_by_rest_a_retry_is_waited_for_or_not(user: User) -> None:
    sent = ask(user)
    session, message = sent["message"]["session_id"], sent["pending_message_id"]
    whole = post(user, session, message).raise_for_status()
    attempt = whole.json()["pending_message_id"]
    at_once = post(user, session, attempt, headers={"Prefer": "respond-async"})
    assert (at_once.status_code, at_once.headers["Preference-Applied"]) == (202, "respond-async")
    every = user.http.get(f"/api/chat/sessions/{session}/messages?include=superseded").json()
    check_golden(
        "retry.json",
        {
            "POST …/messages/{message_id}/retry": shape(whole.json()),
            "POST …/messages/{message_id}/retry, respond-async": shape(at_once.json()),
            "GET …/messages?include=superseded": shape(every),
        },
    )
    assert whole.json()["message"]["retry_of"] == message
    assert at_once.json()["index"] == 1
    assert [each["retry_of"] for each in every["messages"][1:]] == [None, message, attempt]


def test_a_retry_needs_no_body_and_takes_its_id_from_the_header(user: User) -> None:
    sent = ask(user)
    path = retry_path(sent["message"]["session_id"], sent["pending_message_id"])
    made = user.http.post(path, headers={"Idempotency-Key": "k"}).raise_for_status().json()
    assert made["message"]["client_message_id"] == "k"
    again = user.http.post(path, json={"client_message_id": "k"}).json()
    assert (again["duplicate"], again["pending_message_id"]) == (True, made["pending_message_id"])
    differing = user.http.post(path, json={"client_message_id": "a"}, headers={"Idempotency-Key": "b"})
    refused(differing, 422, "invalid")


def test_a_listing_leaves_replaced_attempts_out_unless_they_are_asked_for(user: User) -> None:
    sent = ask(user, "tokens=1")
    session, message = sent["message"]["session_id"], sent["pending_message_id"]
    for _ in range(2):
        message = post(user, session, message).json()["pending_message_id"]
    ask(user, "tokens=1", session_id=session)
    path = f"/api/chat/sessions/{session}/messages"
    page = user.http.get(path, params={"limit": 3}).json()
    assert [each["index"] for each in page["messages"]] == [4, 5, 6]
    older = user.http.get(path, params={"limit": 3, "before": page["next_cursor"]}).json()
    assert ([each["index"] for each in older["messages"]], older["has_more"]) == ([1], False)
    every = user.http.get(path, params={"include": "superseded"}).json()
    assert [each["index"] for each in every["messages"]] == [1, 2, 3, 4, 5, 6]
    before_a_replaced_one = user.http.get(path, params={"before": every["messages"][2]["id"]}).json()
    assert [each["index"] for each in before_a_replaced_one["messages"]] == [1]
    assert user.http.get(f"/api/chat/sessions/{session}").json()["message_count"] == 4


@pytest.mark.parametrize("include", ["", "all", "Superseded", "superseded,all"])
def test_anything_else_to_include_is_422(user: User, include: str) -> None:
    session = ask(user, "tokens=1")["message"]["session_id"]
    path = f"/api/chat/sessions/{session}/messages"
    refused(user.http.get(path, params={"include": include}), 422, "invalid")
    refused(user.http.get(path, params=[("include", include), ("include", "superseded")]), 422, "invalid")


# What is refused


def test_a_retry_that_cannot_be_accepted_says_why(user: User, connection: ClientConnection) -> None:
    first = ask(user, "tokens=1")
    session = first["message"]["session_id"]
    second = ask(user, "tokens=1", session_id=session)
    with_key = ask(user, "tokens=1", client_message_id="used")["pending_message_id"]
    for fields, status, code in (
        ({"message_id": first["pending_message_id"]}, 409, "not_latest"),
        ({"message_id": second["user_message"]["id"]}, 422, "invalid"),
        ({"message_id": second["pending_message_id"], "client_message_id": "é"}, 422, "invalid"),
        ({"message_id": ANY_ID}, 404, "not_found"),
        ({"message_id": with_key, "client_message_id": "used"}, 409, "idempotency_conflict"),
    ):
        error = error_for(connection, id="x", **fields)
        assert (error["code"], error["id"], error["request"]) == (code, "x", "retry")
        assert error["message_id"] == fields["message_id"]
        assert "seq" not in error
        body = {name: value for name, value in fields.items() if name != "message_id"}
        refused(post(user, session, fields["message_id"], json=body), status, code)


def test_while_an_answer_runs_it_cannot_be_tried_again(user: User, connection: ClientConnection) -> None:
    say(connection, type="send", content="tokens=1000 rate=50")
    ack = of_type(until(connection, "token"), "ack")
    error = error_for(connection, message_id=ack["pending_message_id"])
    assert (error["code"], error["message_id"]) == ("session_busy", ack["pending_message_id"])
    assert error["retry_after_ms"] > 0
    refused(post(user, ack["session_id"], ack["pending_message_id"]), 409, "session_busy")
    say(connection, type="stop", message_id=ack["pending_message_id"])
    to_the_end(connection)
    say(connection, type="retry", message_id=ack["pending_message_id"])
    attempt = next(frame for frame in iter(lambda: hear(connection), None) if frame["type"] == "ack")
    say(connection, type="stop", message_id=attempt["pending_message_id"])
    done = to_the_end(connection)[-1]
    assert (done["message_id"], done["status"]) == (attempt["pending_message_id"], "cancelled")


def test_other_peoples_answers_look_like_unknown_ones(server: Live, user: User) -> None:
    sent = ask(user)
    session, message = sent["message"]["session_id"], sent["pending_message_id"]
    with server.user() as stranger, socket(server, stranger) as other:
        said = []
        for ids in ((session, message), (ANY_ID, ANY_ID)):
            frame = error_for(other, message_id=ids[1])
            problem = refused(post(stranger, *ids), 404, "not_found")
            said.append([{k: v for k, v in each.items() if k != "message_id"} for each in (frame, problem)])
        assert said[0] == said[1]
        assert said[0][0]["code"] == "not_found"


def test_an_answer_is_not_found_under_another_session(user: User) -> None:
    one, two = ask(user), ask(user)
    refused(post(user, one["message"]["session_id"], two["pending_message_id"]), 404, "not_found")


def test_a_full_connection_retries_only_in_the_sessions_that_it_follows(
    connection: ClientConnection, user: User
) -> None:
    mine, other = ask(user, "tokens=1"), ask(user, "tokens=1")
    sessions = [user.http.post("/api/chat/sessions", json={}).json()["id"] for _ in range(31)]
    for session in [mine["message"]["session_id"], *sessions]:
        say(connection, type="subscribe", session_id=session)
        assert until(connection, "subscribed", "error")[-1]["type"] == "subscribed"
    error = error_for(connection, message_id=other["pending_message_id"])
    assert (error["code"], error["retry_after_ms"] > 0) == ("rate_limited", True)
    assert answer_of(retried(connection, mine["pending_message_id"]))["status"] == "complete"
    made = post(user, other["message"]["session_id"], other["pending_message_id"]).json()
    say(connection, type="retry", message_id=other["pending_message_id"])
    ack = until(connection, "ack", "error")[-1]
    assert (ack["duplicate"], ack["pending_message_id"]) == (True, made["pending_message_id"])


def test_attempts_count_against_the_minute_and_what_was_made_does_not(tmp_path: Path) -> None:
    with live(tmp_path, limit_messages_per_minute=2) as server, server.user() as user:
        sent = ask(user, "tokens=1")
        session, message = sent["message"]["session_id"], sent["pending_message_id"]
        made = post(user, session, message).json()
        for _ in range(3):
            again = post(user, session, message).raise_for_status().json()
            assert again["pending_message_id"] == made["pending_message_id"]
        response = post(user, session, made["pending_message_id"])
        assert refused(response, 429, "rate_limited")["retry_after_ms"] > 0


# Once


def test_of_fifty_retries_at_once_over_both_doors_one_attempt_is_made(server: Live, user: User) -> None:
    sent = ask(user, "tokens=1")
    session, message = sent["message"]["session_id"], sent["pending_message_id"]
    start = threading.Barrier(50, timeout=30)
    told: list[Frame] = []

    def by_socket(number: int) -> None:
        with socket(server, user) as connection:
            start.wait()
            frames = retried(connection, message, client_message_id=f"socket {number % 5}")
        told.append(of_type(frames, "ack"))

    def by_rest(number: int) -> None:
        with server.client() as client:
            client.headers["Authorization"] = f"Bearer {user.token}"
            start.wait()
            body = {"client_message_id": f"rest {number % 5}"}
            told.append(client.post(retry_path(session, message), json=body).raise_for_status().json())

    threads = [
        threading.Thread(target=by_socket if number % 2 else by_rest, args=(number,)) for number in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 50
    assert len({each["pending_message_id"] for each in told}) == 1
    assert sorted(each["duplicate"] for each in told) == [False] + [True] * 49
    every = user.http.get(f"/api/chat/sessions/{session}/messages?include=superseded").json()
    assert [each["index"] for each in every["messages"]] == [1, 2, 3]
