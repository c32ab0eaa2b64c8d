import base64
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.requests import HTTPConnection

from api.auth.identity import Identity
from api.auth.jwks import Jwks
from api.auth.jwt import JwtAuth, MissingExtraError
from api.core.errors import ChatError, Code

pytestmark = pytest.mark.anyio

SECRET = "a shared secret of more than 32 bytes"
Claims = Mapping[str, Any]  # Any: a token may say anything


def token(key: Any = SECRET, algorithm: str = "HS256", key_id: str | None = None, **claims: Any) -> str:
    said = {"sub": "anna", "exp": int(time.time()) + 60} | claims
    given = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(given, key, algorithm, headers={"kid": key_id} if key_id else None)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def published() -> list[jwt.PyJWK]:
    first = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key().public_key()))
    second = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec_key().public_key()))
    return [jwt.PyJWK(first | {"kid": "r"}), jwt.PyJWK(second | {"kid": "e"})]


@pytest.fixture
def with_keys(monkeypatch: pytest.MonkeyPatch) -> JwtAuth:
    monkeypatch.setattr(Jwks, "at", classmethod(lambda cls, url: cls(published)))
    return JwtAuth(jwks_url="https://issuer.example/keys")


async def refusal(auth: JwtAuth, given: str) -> Code:
    with pytest.raises(ChatError) as refused:
        await auth.check(given)
    return refused.value.code


async def test_the_subject_is_the_user(connect: Callable[..., HTTPConnection]) -> None:
    expires = int(time.time()) + 60
    given = token(exp=expires, scope="documents:write chat")
    found = await JwtAuth(secret=SECRET).identify(connect(("Authorization", f"Bearer {given}")))
    assert found == Identity(
        "anna", datetime.fromtimestamp(expires, UTC), frozenset({"documents:write", "chat"})
    )


async def test_there_are_neither_cookies_nor_anonymous_users(connect: Callable[..., HTTPConnection]) -> None:
    auth = JwtAuth(secret=SECRET)
    assert auth.bearer_only
    assert auth.issue() is None  # type: ignore[func-returns-value]  # that it is None is the promise
    assert await auth.identify(connect(("Cookie", f"steadychat_identity={token()}"))) is None


@pytest.mark.parametrize(
    ("scope", "expected"), [("a  b", {"a", "b"}), (["a", 7, "b"], {"a", "b"}), (7, set()), (None, set())]
)
async def test_scopes_come_as_words_or_as_a_list(scope: object, expected: set[str]) -> None:
    assert (await JwtAuth(secret=SECRET).check(token(scope=scope))).scopes == expected


async def test_an_expired_token_says_so() -> None:
    assert await refusal(JwtAuth(secret=SECRET), token(exp=int(time.time()) - 1)) is Code.TOKEN_EXPIRED


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": None},
        {"exp": None},
        {"sub": ""},
        {"sub": "a" * 256},
        {"sub": "a\0b"},
        {"exp": 10**18},
        {"exp": "soon"},
        {"nbf": int(time.time()) + 3600},
    ],
)
async def test_a_token_must_say_who_and_until_when(claims: Claims) -> None:
    assert await refusal(JwtAuth(secret=SECRET), token(**claims)) is Code.UNAUTHORIZED


def unsigned(algorithm: str) -> str:
    head = json.dumps({"alg": algorithm, "typ": "JWT"}).encode()
    body = json.dumps({"sub": "anna", "exp": int(time.time()) + 60}).encode()
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (head, body)) + "."


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "RS256"])
async def test_an_unsigned_token_is_nobodys(algorithm: str, with_keys: JwtAuth) -> None:
    assert await refusal(JwtAuth(secret=SECRET), unsigned(algorithm)) is Code.UNAUTHORIZED
    assert await refusal(with_keys, unsigned(algorithm)) is Code.UNAUTHORIZED


@pytest.mark.parametrize("given", ["", "a", "a.b.c", "\ud800", "é.é.é", "." * 100])
async def test_what_is_no_token_is_unauthorized(given: str) -> None:
    assert await refusal(JwtAuth(secret=SECRET), given) is Code.UNAUTHORIZED


async def test_another_secret_is_not_ours() -> None:
    given = token(key="another secret of more than 32 bytes!")
    assert await refusal(JwtAuth(secret=SECRET), given) is Code.UNAUTHORIZED


async def test_audience_and_issuer_must_be_the_ones_that_are_set() -> None:
    auth = JwtAuth(secret=SECRET, audience="chat", issuer="https://issuer.example")
    good: dict[str, Any] = {"aud": ["chat", "mail"], "iss": "https://issuer.example"}
    assert (await auth.check(token(**good))).user_id == "anna"
    for wrong in ({"aud": "mail"}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None}):
        assert await refusal(auth, token(**good | wrong)) is Code.UNAUTHORIZED


async def test_an_audience_is_ignored_where_none_is_set() -> None:
    assert (await JwtAuth(secret=SECRET).check(token(aud="anything"))).user_id == "anna"


async def test_published_keys_of_both_kinds_hold(with_keys: JwtAuth) -> None:
    assert (await with_keys.check(token(rsa_key(), "RS256", "r"))).user_id == "anna"
    assert (await with_keys.check(token(ec_key(), "ES256", "e"))).user_id == "anna"


async def test_a_key_signs_only_in_its_own_way(with_keys: JwtAuth) -> None:
    public = rsa_key().public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    forged = jwt.api_jws.PyJWS()
    with pytest.raises(jwt.InvalidKeyError):  # PyJWT does not even make such a token
        forged.encode(b"{}", pem, "HS256")
    assert await refusal(with_keys, token("x" * 32, "HS256", "r")) is Code.UNAUTHORIZED
    assert await refusal(with_keys, token(ec_key(), "ES256", "r")) is Code.UNAUTHORIZED
    assert await refusal(with_keys, token(rsa_key(), "RS256", "unknown")) is Code.UNAUTHORIZED
    assert await refusal(with_keys, token(rsa_key(), "RS256")) is Code.UNAUTHORIZED


@pytest.mark.parametrize(
    "keys",
    [{}, {"secret": SECRET, "jwks_url": "https://issuer.example"}, {"jwks_url": "file:///etc/passwd"}],
)
def test_settings_that_name_no_key_or_two_are_refused_at_the_start(keys: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"JWKS_URL"):
        JwtAuth(**keys)


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(
        MissingExtraError, match=r"^AUTH=jwt needs PyJWT: run pip install 'steadychat\[auth\]'$"
    ):
        JwtAuth(secret=SECRET)
