"""What a refusal says: which request it is about, and what to do, in words without internals."""

from typing import Any

import pytest

from tests.doors.test_rest import ANY_ID, ask, refused
from tests.support.live import Live, User
from tests.support.talk import retry_path, say, socket, until

SEND = "/api/chat/messages"


@pytest.fixture(params=["body", "header"])
def by(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def post(user: User, path: str, key: str, by: str, **body: Any) -> Any:  # a response
    if by == "header":
        return user.http.post(path, json=body, headers={"Idempotency-Key": key})
    return user.http.post(path, json=body | {"client_message_id": key})


def test_a_refused_send_or_retry_names_its_client_message_id(user: User, by: str) -> None:
    first = ask(user, "tokens=1", client_message_id="used")
    session, answer = first["message"]["session_id"], first["pending_message_id"]
    gone = ask(user, "tokens=1", client_message_id="gone")["message"]["session_id"]
    user.http.delete(f"/api/chat/sessions/{gone}").raise_for_status()
    running = user.http.post(
        f"/api/chat/sessions/{session}/messages",
        json={"content": "tokens=1000 rate=20"},
        headers={"Prefer": "respond-async"},
    ).json()
    to_session = f"/api/chat/sessions/{session}/messages"
    for path, key, body, status, code in (
        (SEND, "used", {"content": "else"}, 409, "idempotency_conflict"),
        (SEND, "gone", {"content": "tokens=1"}, 404, "not_found"),
        (to_session, "new", {"content": "tokens=1"}, 409, "session_busy"),
        (retry_path(session, answer), "new", {}, 409, "session_busy"),
        (retry_path(session, answer), "used", {}, 409, "idempotency_conflict"),
        (retry_path(session, ANY_ID), "new", {}, 404, "not_found"),
        (SEND, "new", {"content": 3}, 422, "invalid"),
        (SEND, "new", {"content": "x", "chain": "nowhere"}, 422, "unknown_chain"),
    ):
        found = refused(post(user, path, key, by, **body), status, code)
        assert found["client_message_id"] == key
        if code == "session_busy":
            assert found["message_id"] == running["pending_message_id"]
    user.http.post(f"{to_session}/{running['pending_message_id']}/stop").raise_for_status()


def test_one_who_is_nobody_is_told_the_id_as_well(server: Live) -> None:
    with server.client() as nobody:
        sent = nobody.post(SEND, json={"content": "x", "client_message_id": "k"})
    assert refused(sent, 401, "unauthorized")["client_message_id"] == "k"


@pytest.mark.parametrize("key", [{}, {"client_message_id": 7}, {"client_message_id": "x" * 129}])
def test_a_refusal_names_no_id_that_the_request_did_not_have(user: User, key: dict[str, Any]) -> None:
    sent = user.http.post(SEND, json={"content": "", **key})
    assert "client_message_id" not in refused(sent, 422, "invalid")


def test_a_wrong_method_is_told_which_one_to_use(user: User) -> None:
    sent = user.http.put(SEND, json={})
    assert sent.headers["Allow"] == "POST"
    words = "This address does not take PUT. Use POST, or look it up in /docs."
    assert refused(sent, 405, "invalid")["message"] == words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=many", "limit: this must be a whole number, in digits."),
        ("limit=201", "limit: this must be less than or equal to 200."),
        ("include=all", "include: this must be 'superseded'."),
    ],
)
def test_a_bad_parameter_is_named_alone(user: User, query: str, words: str) -> None:
    found = refused(user.http.get(f"/api/chat/sessions/{ANY_ID}/messages?{query}"), 422, "invalid")
    assert found["message"] == f"{words} Correct it and send it again."


@pytest.mark.parametrize("body", [{"content": 3}, {}])
def test_a_bad_field_is_named_alone(user: User, body: dict[str, Any]) -> None:
    found = refused(user.http.post(SEND, json=body), 422, "invalid")
    assert found["message"].startswith("content: ")


def test_a_full_connection_is_told_that_it_does_not_follow_the_answer_it_asked_for_again(
    server: Live, user: User
) -> None:
    sent = {"content": "tokens=1000 rate=20", "client_message_id": "slow"}
    running = user.http.post("/api/chat/messages", json=sent, headers={"Prefer": "respond-async"}).json()
    with socket(server, user) as connection:
        for _ in range(32):
            session = user.http.post("/api/chat/sessions", json={}).json()["id"]
            say(connection, type="subscribe", session_id=session)
            until(connection, "subscribed")
        say(connection, type="send", id="s", **sent)
        ack = until(connection, "ack", "error")[-1]
        assert (ack["duplicate"], ack["status"] in {"pending", "streaming"}) == (True, True)
        error = until(connection, "error")[-1]
        assert (error["code"], error["request"]) == ("rate_limited", "subscribe")
        assert (error["session_id"], error["retry_after_ms"] > 0) == (running["session_id"], True)
        assert "Unsubscribe from one" in error["message"]
        assert "REST" in error["message"]
        assert not {"id", "seq"} & set(error)
        say(connection, type="stop", message_id=ack["pending_message_id"])
        until(connection, "stopped")
        say(connection, type="send", id="s", **sent)
        assert until(connection, "ack")[-1]["status"] == "cancelled"
        say(connection, type="ping")
        assert "error" not in {each["type"] for each in until(connection, "pong")}, (
            "what has ended needs no following"
        )
