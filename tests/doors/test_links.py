"""`/api/chat/identity/links`: one's chats in another browser, by a link that is good once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.core.errors import Code
from tests.doors.test_forgetting import cookie, sessions
from tests.doors.test_rest import ask, refused
from tests.support.live import Live, User, live

LINKS = "/api/chat/identity/links"
CLAIM = f"{LINKS}/claim"


@pytest.fixture
def other(server: Live) -> Iterator[User]:
    """Somebody with another browser."""
    with server.user() as found:
        yield found


def made(user: User) -> dict[str, Any]:
    response = user.http.post(LINKS)
    assert response.status_code == 201
    found: dict[str, Any] = response.json()
    return found


def claimed(http: httpx.Client, code: str) -> httpx.Response:
    return http.post(CLAIM, json={"code": code})


def test_a_link_is_told_with_its_end(user: User) -> None:
    link = made(user)
    assert set(link) == {"code", "expires_at"}
    left = datetime.fromisoformat(link["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)


def test_whoever_claims_it_becomes_its_user_by_cookie_and_token(user: User, other: User) -> None:
    session = ask(user, "tokens=1")["message"]["session_id"]
    ask(other, "tokens=1")
    response = claimed(other.http, made(user)["code"])
    assert response.status_code == 200
    assert response.json() == {"user_id": user.id, "token": user.token}
    assert cookie(other.http) == user.token
    assert "httponly" in response.headers["set-cookie"].lower()
    assert [each["id"] for each in sessions(other.http)] == [session]
    assert [each["id"] for each in sessions(user.http)] == [session], "the first browser keeps its own"


def test_nobody_yet_may_claim_too(server: Live, user: User) -> None:
    with server.client() as nobody:
        assert claimed(nobody, made(user)["code"]).json()["user_id"] == user.id
        assert nobody.get("/api/chat/sessions").status_code == 200


def test_a_link_is_good_once_and_the_refusals_are_one_and_the_same(user: User, other: User) -> None:
    code = made(user)["code"]
    claimed(other.http, code).raise_for_status()
    again, never = claimed(other.http, code), claimed(other.http, "never made")
    refused(again, 404, Code.NOT_FOUND)
    assert "Make a new one" in again.json()["message"]
    assert again.json() == never.json()


def test_of_two_claims_at_once_one_wins(server: Live, user: User) -> None:
    code = made(user)["code"]

    def claim(_: int) -> int:
        with server.client() as browser:
            return claimed(browser, code).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(claim, range(6))) == [200, 404, 404, 404, 404, 404]


def test_making_one_needs_an_identity(server: Live) -> None:
    with server.client() as nobody:
        refused(nobody.post(LINKS), 401, Code.UNAUTHORIZED)


def test_a_foreign_page_makes_and_claims_none(server: Live, user: User, other: User) -> None:
    foreign = {"Origin": "https://evil.example"}
    code = made(user)["code"]
    refused(user.http.post(LINKS, headers=foreign), 403, Code.FORBIDDEN)
    refused(other.http.post(CLAIM, json={"code": code}, headers=foreign), 403, Code.FORBIDDEN)
    assert cookie(other.http) == other.token
    assert claimed(other.http, code).status_code == 200, "it was not used up"


@pytest.mark.parametrize("body", [{}, {"code": None}, {"code": 7}, []])
def test_what_holds_no_code_is_told_so(other: User, body: object) -> None:
    refused(other.http.post(CLAIM, json=body), 422, Code.INVALID)


@pytest.mark.parametrize("code", ["", "\0", "é" * 5000])
def test_any_text_may_be_tried_as_a_code(other: User, code: str) -> None:
    refused(claimed(other.http, code), 404, Code.NOT_FOUND)


def test_who_is_deleted_leaves_no_link(user: User, other: User) -> None:
    code = made(user)["code"]
    user.http.delete("/api/chat/identity").raise_for_status()
    refused(claimed(other.http, code), 404, Code.NOT_FOUND)


def test_under_a_path_the_cookie_is_for_that_path(tmp_path: Path) -> None:
    with live(tmp_path, root_path="/ask") as server, server.user() as user, server.client() as nobody:
        code = user.http.post(f"/ask{LINKS}").json()["code"]
        response = nobody.post(f"/ask{CLAIM}", json={"code": code})
        assert "path=/ask" in response.headers["set-cookie"].lower()


def test_where_everybody_is_the_same_there_are_no_links(tmp_path: Path) -> None:
    with live(tmp_path, auth="none") as server, server.client() as client:
        for response in (client.post(LINKS), claimed(client, "x")):
            refused(response, 403, Code.FORBIDDEN)
            assert "whoever opens this server" in response.json()["message"]


def test_where_identities_come_from_elsewhere_there_are_no_links(tmp_path: Path) -> None:
    jwt = pytest.importorskip("jwt")
    secret = "a secret of at least thirty-two bytes"
    token = jwt.encode({"sub": "ann@example.org", "exp": 4_000_000_000}, secret, "HS256")
    with live(tmp_path, auth="jwt", jwt_secret=secret) as server, server.client() as script:
        refused(claimed(script, "x"), 403, Code.FORBIDDEN)
        response = script.post(LINKS, headers={"Authorization": f"Bearer {token}"})
        refused(response, 403, Code.FORBIDDEN)
        assert "sign in with the same account" in response.json()["message"]
