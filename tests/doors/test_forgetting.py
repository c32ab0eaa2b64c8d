"""`DELETE /api/chat/identity`: everything of one's own is gone, for whoever watches too."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.doors.test_rest import ask, refused
from tests.support.live import Live, User, live

PATH = "/api/chat/identity"


def sessions(http: httpx.Client, token: str = "") -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found: list[dict[str, Any]] = (
        http.get("/api/chat/sessions", headers=headers).raise_for_status().json()["sessions"]
    )
    return found


def cookie(client: httpx.Client) -> str | None:
    return client.cookies.get("steadychat_identity")


def test_everything_of_mine_is_gone_and_nothing_of_anybody_elses(server: Live, user: User) -> None:
    sent = ask(user, "tokens=1 platypus")
    session, message = sent["message"]["session_id"], sent["pending_message_id"]
    with server.user() as other:
        kept = ask(other, "tokens=1 platypus")["message"]["session_id"]
        assert user.http.delete(PATH).status_code == 204
        for path in (f"/{session}", f"/{session}/messages/{message}", f"/{session}/export"):
            refused(
                user.http.get(f"/api/chat/sessions{path}", headers={"Authorization": f"Bearer {user.token}"}),
                404,
                "not_found",
            )
        assert [each["id"] for each in sessions(other.http)] == [kept]
        hits = other.http.get("/api/chat/search", params={"q": "platypus"}).json()["hits"]
        assert [hit["session_id"] for hit in hits] == [kept]


def test_the_cookie_is_taken_back_and_the_next_identity_is_a_new_one(user: User) -> None:
    ask(user, "tokens=1")
    gone = user.http.delete(PATH)
    assert gone.status_code == 204
    assert 'steadychat_identity=""' in gone.headers["set-cookie"]
    assert cookie(user.http) is None
    refused(user.http.get("/api/chat/sessions"), 401, "unauthorized")
    assert user.http.post(PATH).json()["user_id"] != user.id


def test_the_old_token_names_somebody_who_has_nothing(user: User) -> None:
    sent = ask(user, "tokens=1", client_message_id="a")
    user.http.delete(PATH).raise_for_status()
    user.http.headers["Authorization"] = f"Bearer {user.token}"
    assert sessions(user.http) == []
    again = {"content": "tokens=1", "client_message_id": "a"}
    refused(user.http.post("/api/chat/messages", json=again), 404, "not_found")
    new = ask(user, "tokens=1")
    assert new["message"]["session_id"] != sent["message"]["session_id"]
    assert len(sessions(user.http)) == 1


def test_a_cookie_beside_a_token_stays(server: Live, user: User) -> None:
    with server.user() as script:
        kept = ask(user, "tokens=1")["message"]["session_id"]
        ask(script, "tokens=1")
        gone = user.http.delete(PATH, headers={"Authorization": f"Bearer {script.token}"})
        assert (gone.status_code, gone.headers.get("set-cookie")) == (204, None)
        assert [each["id"] for each in sessions(user.http)] == [kept]
        assert sessions(script.http) == []


def test_deleting_twice_is_no_error(user: User) -> None:
    headers = {"Authorization": f"Bearer {user.token}"}
    for _ in range(2):
        assert user.http.delete(PATH, headers=headers).status_code == 204


def test_nobody_has_no_identity_to_delete(server: Live) -> None:
    with server.client() as nobody:
        refused(nobody.delete(PATH), 401, "unauthorized")


def test_a_foreign_page_cannot_delete_me(server: Live, user: User) -> None:
    ask(user, "tokens=1")
    refused(user.http.delete(PATH, headers={"Origin": "https://evil.example"}), 403, "forbidden")
    assert len(sessions(user.http)) == 1
    assert user.http.delete(PATH, headers={"Origin": server.url}).status_code == 204


def test_followers_are_read_to_the_end_and_connections_are_told(server: Live, user: User) -> None:
    sent = user.http.post(
        "/api/chat/messages", json={"content": "tokens=1000 rate=50"}, headers={"Prefer": "respond-async"}
    ).json()
    headers = {"Authorization": f"Bearer {user.token}"}
    with connect(server.socket_url, additional_headers=headers, proxy=None) as watching:
        quiet = connect(server.socket_url, additional_headers=headers, proxy=None)
        with quiet:
            quiet.send('{"type": "hello", "protocol": 1}')
            assert '"welcome"' in str(quiet.recv(timeout=10))
            watching.send(f'{{"type": "subscribe", "session_id": "{sent["session_id"]}"}}')
            while '"token"' not in str(watching.recv(timeout=10)):
                pass
            assert user.http.delete(PATH).status_code == 204
            ended, told = "", ""
            while not (ended and told):
                frame = str(watching.recv(timeout=10))
                ended = frame if '"done"' in frame else ended
                told = frame if '"deleted":true' in frame else told
            assert '"status":"cancelled"' in ended
            assert sent["session_id"] in told
            while '"deleted":true' not in (frame := str(quiet.recv(timeout=10))):
                pass
            assert sent["session_id"] in frame


def test_with_bearer_tokens_alone_there_is_no_cookie_to_take_back(tmp_path: Path) -> None:
    jwt = pytest.importorskip("jwt")
    secret = "a secret of at least thirty-two bytes"
    token = jwt.encode({"sub": "ann@example.org", "exp": 4_000_000_000}, secret, "HS256")
    with live(tmp_path, auth="jwt", jwt_secret=secret) as server, server.client() as script:
        script.headers["Authorization"] = f"Bearer {token}"
        script.post("/api/chat/messages", json={"content": "tokens=1"}).raise_for_status()
        gone = script.delete(PATH)
        assert (gone.status_code, gone.headers.get("set-cookie")) == (204, None)
        assert sessions(script) == []


def test_what_a_death_broke_off_is_done_before_the_server_is_ready_again(tmp_path: Path) -> None:
    with live(tmp_path) as server, server.user() as user:
        kept = ask(user, "tokens=1")["message"]["session_id"]
        with server.user() as other:
            ask(other, "tokens=1")
            half, token = other.id, other.token
    with closing(sqlite3.connect(tmp_path / "steadychat.db")) as connection, connection:
        connection.execute("INSERT INTO forgetting VALUES (?)", (half,))
    with live(tmp_path) as server, server.client() as client:
        assert sessions(client, token) == []
        assert [each["id"] for each in sessions(client, user.token)] == [kept]
    with closing(sqlite3.connect(tmp_path / "steadychat.db")) as connection:
        assert connection.execute("SELECT count(*) FROM forgetting").fetchone() == (0,)
