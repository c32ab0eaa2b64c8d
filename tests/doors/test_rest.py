"""The REST door: the paths and fields that clients were promised, pages, and refusals."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.live import Live, User, live

GOLDEN = Path(__file__).parent / "golden"
ANY_ID = "00000000-0000-7000-8000-000000000000"


def shape(value: Any) -> Any:  # Any: whatever JSON holds
    """The fields and types of a JSON value; lists show their first element."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return "null" if value is None else type(value).__name__


def check_golden(name: str, calls: dict[str, Any]) -> None:
    """Compares with what is kept; UPDATE_GOLDEN=1 keeps it anew, to be read before it is committed."""
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(json.dumps(calls, indent=2) + "\n")
    assert calls == json.loads(file.read_text())


def ask(user: User, content: str = "tokens=3 sources=1 confidence=0.5", **fields: Any) -> dict[str, Any]:
    response = user.http.post("/api/chat/messages", json={"content": content, **fields})
    found: dict[str, Any] = response.raise_for_status().json()
    return found


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["code"], body["status"]) == (status, code, status)
    assert body["message"] == body["detail"] != ""
    return body


def test_the_paths_and_fields_that_were_promised_first_stay(user: User) -> None:
    session = ask(user)["message"]["session_id"]
    for _ in range(2):
        ask(user, session_id=session)
        ask(user)
    http = user.http
    newest = http.get(f"/api/chat/sessions/{session}/messages?limit=2").json()
    older = http.get(f"/api/chat/sessions/{session}/messages?limit=50&before={newest['next_cursor']}").json()
    sent = http.post(
        f"/api/chat/sessions/{session}/messages", json={"content": "tokens=1 sources=1 confidence=1"}
    )
    calls = {
        "POST /api/chat/sessions/{id}/messages": shape(sent.json()),
        "GET /api/chat/sessions/{id}/messages?limit=2": shape(newest),
        "GET /api/chat/sessions/{id}/messages?limit=50&before=<id>": shape(older),
        "GET /api/chat/sessions?limit=2&offset=0": shape(
            http.get("/api/chat/sessions?limit=2&offset=0").json()
        ),
        "GET /api/chat/sessions?limit=50&offset=1": shape(
            http.get("/api/chat/sessions?limit=50&offset=1").json()
        ),
    }
    check_golden("seed.json", calls)


def test_fields_that_came_later_stay_as_well(user: User) -> None:
    sent = ask(user)
    session, message = sent["message"]["session_id"], sent["pending_message_id"]
    http = user.http
    asynchronously = http.post(
        "/api/chat/messages",
        json={"content": "tokens=1", "session_id": session},
        headers={"Prefer": "respond-async"},
    )
    assert asynchronously.status_code == 202
    calls = {
        "POST /api/chat/identity": shape(http.post("/api/chat/identity").json()),
        "POST /api/chat/sessions": shape(http.post("/api/chat/sessions", json={"title": "A"}).json()),
        "GET /api/chat/sessions/{id}": shape(http.get(f"/api/chat/sessions/{session}").json()),
        "GET …/messages/{message_id}": shape(
            http.get(f"/api/chat/sessions/{session}/messages/{message}").json()
        ),
        "POST …/messages/{message_id}/stop": shape(
            http.post(f"/api/chat/sessions/{session}/messages/{message}/stop").json()
        ),
        "POST /api/chat/messages, respond-async": shape(asynchronously.json()),
        "GET /api/chat/chains": shape(http.get("/api/chat/chains").json()),
        "problem": shape(http.get(f"/api/chat/sessions/{ANY_ID}").json()),
    }
    check_golden("rest.json", calls)


def test_paging_shows_every_message_once_while_new_ones_come(user: User) -> None:
    session = ask(user, "tokens=1")["message"]["session_id"]
    for _ in range(9):
        ask(user, "tokens=1", session_id=session)
    path = f"/api/chat/sessions/{session}/messages"
    page = user.http.get(path, params={"limit": 7}).json()
    seen = page["messages"]
    assert isinstance(page["seq"], int)
    while page["has_more"]:
        ask(user, "tokens=1", session_id=session)
        page = user.http.get(path, params={"limit": 7, "before": page["next_cursor"]}).json()
        assert page["seq"] is None
        seen = page["messages"] + seen
    assert page["next_cursor"] is None
    assert [message["index"] for message in seen] == list(range(1, 21))


def test_sessions_page_by_cursor_newest_activity_first(user: User) -> None:
    ids = [ask(user, "tokens=1")["message"]["session_id"] for _ in range(5)]
    page = user.http.get("/api/chat/sessions", params={"limit": 2}).json()
    seen = [each["id"] for each in page["sessions"]]
    while page["has_more"]:
        page = user.http.get("/api/chat/sessions", params={"limit": 2, "before": page["next_cursor"]}).json()
        seen += [each["id"] for each in page["sessions"]]
    assert seen == ids[::-1]


def test_a_session_is_renamed_and_deleted(user: User) -> None:
    session = user.http.post("/api/chat/sessions", json={"title": "  Old \n name "}).json()
    assert session["title"] == "Old name"
    path = f"/api/chat/sessions/{session['id']}"
    renamed = user.http.patch(path, json={"title": "New"}).json()
    assert (renamed["title"], renamed["revision"]) == ("New", session["revision"] + 1)
    assert user.http.delete(path).status_code == 204
    refused(user.http.get(path), 404, "not_found")
    refused(user.http.delete(path), 404, "not_found")
    assert user.http.get("/api/chat/sessions").json()["sessions"] == []


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.0", "1_0", "+5", " 5", ""])
@pytest.mark.parametrize("path", ["/api/chat/sessions", f"/api/chat/sessions/{ANY_ID}/messages"])
def test_a_limit_out_of_range_is_422(user: User, path: str, limit: str) -> None:
    refused(user.http.get(path, params={"limit": limit}), 422, "invalid")


@pytest.mark.parametrize("before", ["x", "%%%", "Zm9v", ANY_ID])
def test_a_cursor_of_somewhere_else_is_refused(user: User, before: str) -> None:
    refused(user.http.get("/api/chat/sessions", params={"before": before}), 422, "invalid")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/chat/sessions"),
        ("POST", "/api/chat/messages"),
        ("GET", f"/api/chat/sessions/{ANY_ID}"),
        ("GET", f"/api/chat/sessions/{ANY_ID}/events"),
        ("GET", "/api/documents"),
    ],
)
def test_whoever_is_nobody_is_told_so(server: Live, method: str, path: str) -> None:
    with server.client() as nobody:
        body = {"content": "x"} if method == "POST" else None
        refused(nobody.request(method, path, json=body), 401, "unauthorized")


def test_other_peoples_things_look_like_unknown_ones(server: Live, user: User) -> None:
    sent = ask(user)
    session, message = sent["message"]["session_id"], sent["pending_message_id"]
    with server.user() as stranger:
        for method, path, body in (
            ("GET", "/api/chat/sessions/{s}", None),
            ("PATCH", "/api/chat/sessions/{s}", {"title": "mine"}),
            ("DELETE", "/api/chat/sessions/{s}", None),
            ("GET", "/api/chat/sessions/{s}/messages", None),
            ("POST", "/api/chat/sessions/{s}/messages", {"content": "x"}),
            ("GET", "/api/chat/sessions/{s}/events", None),
            ("GET", "/api/chat/sessions/{s}/messages/{m}", None),
            ("POST", "/api/chat/sessions/{s}/messages/{m}/stop", None),
        ):
            said = []
            for ids in ((session, message), (ANY_ID, ANY_ID)):
                response = stranger.http.request(method, path.format(s=ids[0], m=ids[1]), json=body)
                problem = refused(response, 404, "not_found")
                said.append({k: v for k, v in problem.items() if not k.endswith("_id")})
            assert said[0] == said[1]


def test_a_message_of_another_session_is_not_found_under_this_one(user: User) -> None:
    one, two = ask(user), ask(user)
    path = f"/api/chat/sessions/{one['message']['session_id']}/messages/{two['pending_message_id']}"
    refused(user.http.get(path), 404, "not_found")


def test_body_and_header_must_name_the_same_id(user: User) -> None:
    body = {"content": "tokens=1", "client_message_id": "a"}
    refused(user.http.post("/api/chat/messages", json=body, headers={"Idempotency-Key": "b"}), 422, "invalid")
    two = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    refused(user.http.post("/api/chat/messages", json={"content": "tokens=1"}, headers=two), 422, "invalid")
    only_header = {"content": "tokens=1"}
    first = user.http.post("/api/chat/messages", json=only_header, headers={"Idempotency-Key": "k"}).json()
    again = ask(user, "tokens=1", client_message_id="k")
    assert first["pending_message_id"] == again["pending_message_id"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 422, "bad_json"),
        (b'{"content": "\\ud800"}', 422, "bad_json"),
        (b'{"content": ' + b"[" * 30 + b"]" * 30 + b"}", 422, "bad_json"),
        (b'{"content": ""}', 422, "invalid"),
        (b'{"content": 3}', 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"content": "' + b"x" * 262_144 + b'"}', 413, "too_large"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(user: User, content: bytes, status: int, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    refused(user.http.post("/api/chat/messages", content=content, headers=headers), status, code)


def test_a_body_that_is_no_json_is_415(user: User) -> None:
    refused(user.http.post("/api/chat/messages", data={"content": "x"}), 415, "unsupported_media_type")


def test_a_foreign_page_cannot_send_with_my_cookie(server: Live) -> None:
    with server.client() as browser:
        browser.post("/api/chat/identity")
        for origin, status in ((server.url, 200), ("https://evil.example", 403)):
            sent = browser.post(
                "/api/chat/messages", json={"content": "tokens=1"}, headers={"Origin": origin}
            )
            assert sent.status_code == status


def test_the_identity_is_kept_in_a_cookie_that_scripts_cannot_read(server: Live) -> None:
    with server.client() as browser:
        first = browser.post("/api/chat/identity")
        cookie = first.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert browser.post("/api/chat/identity").json()["user_id"] == first.json()["user_id"]


def test_an_unknown_path_is_a_problem(user: User) -> None:
    refused(user.http.get("/api/chat/nothing"), 404, "not_found")


def test_too_many_messages_in_a_minute_say_when_to_come_back(tmp_path: Path) -> None:
    with live(tmp_path, limit_messages_per_minute=2) as server, server.user() as user:
        first = ask(user, "tokens=1", client_message_id="a")
        ask(user, "tokens=1")
        response = user.http.post("/api/chat/messages", json={"content": "tokens=1"})
        assert refused(response, 429, "rate_limited")["retry_after_ms"] > 0
        assert int(response.headers["Retry-After"]) >= 1
        again = ask(user, "tokens=1", client_message_id="a")  # a repetition is always answered
        assert again["pending_message_id"] == first["pending_message_id"]


def test_only_what_was_accepted_counts_against_the_minute(tmp_path: Path) -> None:
    with live(tmp_path, limit_messages_per_minute=2) as server, server.user() as user:
        for _ in range(4):
            ask(user, "tokens=1", client_message_id="a")
            refused(
                user.http.post("/api/chat/messages", json={"content": "x", "session_id": ANY_ID}),
                404,
                "not_found",
            )
        ask(user, "tokens=1", client_message_id="b")


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        (["respond-async"], 202),
        (["wait=5", "Respond-Async; x=1"], 202),
        (["wait=5, respond-async"], 202),
        (["respond-asynchronously"], 200),
        (['foo="respond-async"'], 200),
    ],
)
def test_a_preference_is_read_as_one(user: User, prefer: list[str], status: int) -> None:
    headers = [("Prefer", each) for each in prefer]
    sent = user.http.post("/api/chat/messages", json={"content": "tokens=1"}, headers=headers)
    assert sent.status_code == status


def test_too_many_answers_at_once_are_refused(tmp_path: Path) -> None:
    with live(tmp_path, limit_generations_per_user=1) as server, server.user() as user:
        running = user.http.post(
            "/api/chat/messages", json={"content": "tokens=1000 rate=10"}, headers={"Prefer": "respond-async"}
        ).json()
        refused(user.http.post("/api/chat/messages", json={"content": "tokens=1"}), 429, "rate_limited")
        path = f"/api/chat/sessions/{running['session_id']}/messages/{running['pending_message_id']}/stop"
        assert user.http.post(path).json()["status"] == "cancelled"
        ask(user, "tokens=1")


def test_a_blocking_send_returns_cancelled_when_its_session_is_deleted(server: Live, user: User) -> None:
    session = user.http.post("/api/chat/sessions", json={}).json()["id"]
    got: list[httpx.Response] = []
    with server.client() as other:
        other.headers["Authorization"] = f"Bearer {user.token}"
        path = f"/api/chat/sessions/{session}/messages"
        waiting = threading.Thread(
            target=lambda: got.append(other.post(path, json={"content": "tokens=1000 rate=50"}))
        )
        with user.http.stream("GET", f"/api/chat/sessions/{session}/events") as events:
            lines = events.iter_lines()
            next(line for line in lines if line.startswith("data:"))
            waiting.start()
            next(line for line in lines if line.startswith("event: token"))
        assert user.http.delete(f"/api/chat/sessions/{session}").status_code == 204
        waiting.join()
    assert got[0].status_code == 200
    assert got[0].json()["message"]["status"] == "cancelled"
    assert got[0].json()["message"]["content"].startswith("t0")


@pytest.mark.parametrize("prefix", ["", "/ask"])
def test_under_a_path_everything_is_found_whether_a_proxy_strips_it_or_not(
    tmp_path: Path, prefix: str
) -> None:
    with live(tmp_path, root_path="/ask") as server, server.client() as browser:
        identity = browser.post(f"{prefix}/api/chat/identity")
        assert "path=/ask" in identity.headers["set-cookie"].lower()
        assert browser.get(f"{prefix}/readyz").json() == {"status": "ready"}
        page = browser.get(f"{prefix}/")
        assert page.status_code == 503 or '<base href="/ask/">' in page.text  # 503: not built here
