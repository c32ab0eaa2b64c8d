"""Searching, judging and taking along by REST: one's own chats alone, whatever is typed."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from api.core.errors import ChatError, Code
from api.core.records import Kept
from tests.doors.test_rest import ANY_ID, ask, refused
from tests.support.live import Live, User


def search(user: User, q: str, **params: Any) -> list[dict[str, Any]]:  # Any: whatever JSON holds
    response = user.http.get("/api/chat/search", params={"q": q, **params})
    hits: list[dict[str, Any]] = response.raise_for_status().json()["hits"]
    return hits


def path_of(message: dict[str, Any]) -> str:
    return f"/api/chat/sessions/{message['session_id']}/messages/{message['id']}"


def export(user: User, session_id: str, **params: str) -> httpx.Response:
    found = user.http.get(f"/api/chat/sessions/{session_id}/export", params=params)
    return found.raise_for_status()


def exported(user: User, session_id: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = export(user, session_id, format="json").json()["messages"]
    return messages


def test_a_hit_names_its_place_and_shows_its_surroundings(user: User) -> None:
    sent = ask(user, "tokens=3 say=nothing")
    question = sent["user_message"]
    assert search(user, "Sáy noth") == [
        {
            "session_id": question["session_id"],
            "message_id": question["id"],
            "index": 1,
            "excerpt": "tokens=3 say=nothing",
        }
    ]
    assert [hit["message_id"] for hit in search(user, "t1")] == [sent["message"]["id"]]


def test_only_the_owner_finds_it_and_nobody_who_is_nobody(server: Live, user: User) -> None:
    ask(user, "tokens=1 platypus")
    assert len(search(user, "platypus")) == 1
    with server.user() as stranger, server.client() as nobody:
        assert search(stranger, "platypus") == search(stranger, "unheardof") == []
        refused(nobody.get("/api/chat/search", params={"q": "platypus"}), 401, "unauthorized")


def test_the_limit_is_kept(user: User) -> None:
    for _ in range(3):
        ask(user, "tokens=1 platypus")
    assert len(search(user, "platypus", limit=2)) == 2
    assert len(search(user, "platypus")) == 3


@pytest.mark.parametrize("params", [{"q": ""}, {"q": "*"}, {"q": "\0"}, {"q": "x" * 10_000}, {}])
def test_what_cannot_be_searched_for_is_refused_with_what_to_do(user: User, params: dict[str, str]) -> None:
    assert "." in refused(user.http.get("/api/chat/search", params=params), 422, "invalid")["message"]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.0", ""])
def test_a_limit_out_of_range_is_422(user: User, limit: str) -> None:
    refused(user.http.get("/api/chat/search", params={"q": "x", "limit": limit}), 422, "invalid")


@pytest.mark.parametrize(
    "q", ['"platypus', "platypus*", "(platypus OR", "NEAR(", "a\0b", "' --", "%00", "\ud7ff"]
)
def test_nothing_that_is_typed_breaks_it(user: User, q: str) -> None:
    assert user.http.get("/api/chat/search", params={"q": q}).status_code in {200, 422}


def test_an_answer_is_judged_and_the_judgement_taken_back(user: User) -> None:
    answer = ask(user)["message"]
    for body, value, comment in (
        ({"value": "down", "comment": "  wrong \n"}, "down", "wrong"),
        ({"value": "up", "comment": "  "}, "up", None),
    ):
        assert user.http.put(f"{path_of(answer)}/feedback", json=body).status_code == 204
        [_, kept] = exported(user, answer["session_id"])
        assert (kept["feedback"]["value"], kept["feedback"]["comment"]) == (value, comment)
    assert user.http.put(f"{path_of(answer)}/feedback", json={"value": None}).status_code == 204
    assert exported(user, answer["session_id"])[1]["feedback"] is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid"),
        ({"value": "good"}, 422, "invalid"),
        ({"value": "up", "comment": 3}, 422, "invalid"),
        ({"value": "up", "comment": "a\0b"}, 422, "invalid"),
        ({"value": "up", "comment": "x" * 2_001}, 413, "too_large"),
    ],
)
def test_a_judgement_that_does_not_fit_is_refused(
    user: User, body: dict[str, Any], status: int, code: str
) -> None:
    answer = ask(user, "tokens=1")["message"]
    refused(user.http.put(f"{path_of(answer)}/feedback", json=body), status, code)


def test_a_question_cannot_be_judged(user: User) -> None:
    question = ask(user, "tokens=1")["user_message"]
    refused(user.http.put(f"{path_of(question)}/feedback", json={"value": "up"}), 422, "invalid")


def test_an_export_is_a_file_with_the_title_as_its_name(user: User) -> None:
    answer = ask(user)["message"]
    user.http.patch(f"/api/chat/sessions/{answer['session_id']}", json={"title": 'Wo ist "Köln"?'})
    found = export(user, answer["session_id"])
    assert found.headers["content-type"] == "text/markdown; charset=utf-8"
    assert found.headers["content-disposition"] == (
        "attachment; filename=\"Wo ist Koln.md\"; filename*=UTF-8''Wo%20ist%20K%C3%B6ln.md"
    )
    assert (found.headers["cache-control"], found.headers["x-content-type-options"]) == (
        "no-store",
        "nosniff",
    )
    assert found.text.startswith('# Wo ist "Köln"?\n')
    assert f"> {answer['content']}" in found.text
    whole = export(user, answer["session_id"], format="json")
    assert whole.headers["content-type"] == "application/json"
    assert whole.json()["session"]["title"] == 'Wo ist "Köln"?'
    assert whole.json()["messages"][1] == {**answer, "superseded": False, "feedback": None}


def test_a_replaced_attempt_is_in_the_json_alone(user: User) -> None:
    first = ask(user)["message"]
    second = user.http.post(f"{path_of(first)}/retry", json={}).raise_for_status().json()["message"]
    assert [each["superseded"] for each in exported(user, first["session_id"])] == [False, True, False]
    assert export(user, first["session_id"]).text.count("## Assistant") == 1
    assert second["retry_of"] == first["id"]


def test_a_running_answer_is_exported_with_its_text_so_far(user: User) -> None:
    sent = user.http.post(
        "/api/chat/messages", json={"content": "tokens=1000 rate=50"}, headers={"Prefer": "respond-async"}
    ).json()
    path = f"/api/chat/sessions/{sent['session_id']}"
    with user.http.stream("GET", f"{path}/events") as events:
        next(line for line in events.iter_lines() if line.startswith("event: token"))
    assert "still being written" in export(user, sent["session_id"]).text
    [_, answer] = exported(user, sent["session_id"])
    assert (answer["status"], answer["content"][:2]) == ("streaming", "t0")
    user.http.post(f"{path}/messages/{sent['pending_message_id']}/stop").raise_for_status()


@pytest.mark.parametrize("format_", ["md", "json"])
def test_an_export_that_breaks_off_does_not_look_whole(
    server: Live, user: User, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = ask(user, "tokens=1")["message"]["session_id"]
    archive = server.parts.library._archive
    keeps = archive.keeps

    async def deleted_after_the_first_page(user_id: str, session: str, after: int) -> Sequence[Kept]:
        if after:
            raise ChatError(Code.NOT_FOUND)
        return await keeps(user_id, session, after)

    monkeypatch.setattr(archive, "keeps", deleted_after_the_first_page)
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        export(user, session_id, format=format_)


def test_an_unknown_format_is_refused(user: User) -> None:
    session_id = ask(user, "tokens=1")["message"]["session_id"]
    path = f"/api/chat/sessions/{session_id}/export"
    refused(user.http.get(path, params={"format": "pdf"}), 422, "invalid")


CALLS = [
    ("PUT", "/api/chat/sessions/{s}/messages/{m}/feedback", {"value": "up"}),
    ("GET", "/api/chat/sessions/{s}/export", None),
    ("GET", "/api/chat/sessions/{s}/export?format=json", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_others_cannot_tell_what_is_mine_from_what_is_not_there(
    server: Live, user: User, method: str, path: str, body: dict[str, Any] | None
) -> None:
    sent = ask(user)
    ids = {"s": sent["message"]["session_id"], "m": sent["pending_message_id"]}
    with server.user() as stranger, server.client() as nobody:
        said = []
        for each in (ids, {"s": ANY_ID, "m": ANY_ID}, {"s": ids["s"], "m": ANY_ID}):
            response = stranger.http.request(method, path.format(**each), json=body)
            problem = refused(response, 404, "not_found")
            said.append({k: v for k, v in problem.items() if not k.endswith("_id")})
            refused(nobody.request(method, path.format(**each), json=body), 401, "unauthorized")
        assert said[0] == said[1] == said[2]
    assert user.http.request(method, path.format(**ids), json=body).is_success
    if method == "PUT":
        assert exported(user, ids["s"])[1]["feedback"]["value"] == "up"


def test_a_foreign_page_cannot_judge_with_my_cookie(server: Live) -> None:
    with server.client() as browser:
        browser.post("/api/chat/identity")
        answer = browser.post("/api/chat/messages", json={"content": "tokens=1"}).json()["message"]
        for origin, status in (("https://evil.example", 403), (server.url, 204)):
            judged = browser.put(
                f"{path_of(answer)}/feedback", json={"value": "up"}, headers={"Origin": origin}
            )
            assert judged.status_code == status
