"""Searching by REST: one's own chats alone, whatever is typed."""

from typing import Any

import pytest

from tests.doors.test_rest import ask, refused
from tests.support.live import Live, User


def search(user: User, q: str, **params: Any) -> list[dict[str, Any]]:  # Any: whatever JSON holds
    response = user.http.get("/api/chat/search", params={"q": q, **params})
    hits: list[dict[str, Any]] = response.raise_for_status().json()["hits"]
    return hits


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
