from collections.abc import Callable
from itertools import count

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.auth.cookie import NAME, CookieAuth, clear_cookie, set_cookie
from api.auth.identity import Identity
from api.core.errors import ChatError, Code

pytestmark = pytest.mark.anyio
Connect = Callable[..., HTTPConnection]


@pytest.fixture
def auth() -> CookieAuth:
    numbers = count(1)
    return CookieAuth("a secret", lambda: f"user-{next(numbers)}")


def cookie(token: str) -> tuple[str, str]:
    return ("Cookie", f"{NAME}={token}")


async def test_an_issued_token_stands_for_its_user_in_the_cookie(auth: CookieAuth, connect: Connect) -> None:
    issued = auth.issue()
    assert await auth.identify(connect(cookie(issued.token))) == Identity("user-1")
    assert auth.issue().user_id == "user-2"


async def test_an_issued_token_stands_for_its_user_as_bearer_before_any_cookie(
    auth: CookieAuth, connect: Connect
) -> None:
    first, second = auth.issue(), auth.issue()
    connection = connect(cookie(first.token), ("Authorization", f"bearer {second.token}"))
    assert await auth.identify(connection) == Identity(second.user_id)


async def test_a_known_user_is_vouched_for_by_the_same_token(auth: CookieAuth) -> None:
    issued = auth.issue()
    assert auth.vouch(issued.user_id) == issued


async def test_whoever_brings_nothing_is_nobody(auth: CookieAuth, connect: Connect) -> None:
    assert await auth.identify(connect()) is None
    assert await auth.identify(connect(("Authorization", "Basic dXNlcjpwYXNz"))) is None


@pytest.mark.parametrize("token", ["", "user-1", "user-1.", ".", "user-1.AAAA", "\xe9.x"])
async def test_a_forged_cookie_counts_as_none(auth: CookieAuth, connect: Connect, token: str) -> None:
    assert await auth.identify(connect(cookie(token))) is None


@pytest.mark.parametrize("token", ["user-1", "user-1.AAAA", "\ud800.x", "\0"])
async def test_a_forged_token_is_unauthorized(auth: CookieAuth, token: str) -> None:
    with pytest.raises(ChatError) as refused:
        await auth.check(token)
    assert refused.value.code is Code.UNAUTHORIZED


async def test_a_forged_bearer_is_refused_even_beside_a_good_cookie(
    auth: CookieAuth, connect: Connect
) -> None:
    with pytest.raises(ChatError):
        await auth.identify(connect(cookie(auth.issue().token), ("Authorization", "Bearer user-1.x")))


async def test_another_servers_secret_makes_other_users(auth: CookieAuth) -> None:
    other = CookieAuth("another secret", lambda: "user-1").issue()
    with pytest.raises(ChatError):
        await auth.check(other.token)


async def test_the_cookie_is_kept_from_scripts_and_from_other_sites(connect: Connect) -> None:
    response = Response()
    set_cookie(response, connect(), "token")
    parts = set(response.headers["set-cookie"].split("; "))
    assert {f"{NAME}=token", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=34560000"} <= parts
    assert "Secure" not in parts


async def test_behind_tls_the_cookie_never_travels_in_the_clear(connect: Connect) -> None:
    response = Response()
    set_cookie(response, connect(("Host", "chat.example"), scheme="https"), "token")
    assert "Secure" in response.headers["set-cookie"].split("; ")


async def test_under_a_path_neighbours_do_not_see_the_cookie(connect: Connect) -> None:
    for change in (lambda r, c: set_cookie(r, c, "token"), clear_cookie):
        response = Response()
        change(response, connect(root_path="/chat"))
        assert "Path=/chat" in response.headers["set-cookie"].split("; ")


async def test_a_forgotten_identity_leaves_the_browser(connect: Connect) -> None:
    response = Response()
    clear_cookie(response, connect())
    assert "Max-Age=0" in response.headers["set-cookie"]
