"""Bearer tokens that somebody else has signed. PyJWT is imported only where they are used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from api.auth.identity import Identity, bearer
from api.auth.jwks import Jwks
from api.core.errors import ChatError, Code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType

    from jwt import PyJWK
    from starlette.requests import HTTPConnection

USER_ID_CHARS = 255

FindKey: TypeAlias = "Callable[[Mapping[str, Any]], Awaitable[PyJWK | str]]"  # Any: a token's header


class MissingExtraError(Exception):
    """A package is not installed that this setting needs; the text says what to do."""


class JwtAuth:
    """HS256 with a shared secret, or RS256 and ES256 with published keys; never `none`.

    `sub` is the user id, `exp` is required, `scope` is a list of words. Where an audience or an issuer is
    given, a token must carry it.
    """

    bearer_only = True

    def __init__(
        self,
        *,
        secret: str | None = None,
        jwks_url: str | None = None,
        audience: str | None = None,
        issuer: str | None = None,
    ) -> None:
        """Raises MissingExtraError without PyJWT, ValueError unless exactly one kind of key is given."""
        self._jwt = _pyjwt()
        if bool(secret) == bool(jwks_url):
            raise ValueError("AUTH=jwt needs either JWT_SECRET or JWKS_URL: set one of them")
        self._algorithms = ["HS256"] if secret else ["RS256", "ES256"]
        self._find_key = _shared(secret) if secret else _published(Jwks.at(jwks_url or ""))
        self._audience = audience
        self._issuer = issuer

    async def identify(self, connection: HTTPConnection) -> Identity | None:
        token = bearer(connection)
        return None if token is None else await self.check(token)

    async def check(self, token: str) -> Identity:
        try:
            key = await self._find_key(self._jwt.get_unverified_header(token))
            claims = self._claims(token, key)
        except self._jwt.ExpiredSignatureError as error:
            raise ChatError(Code.TOKEN_EXPIRED) from error
        except (self._jwt.PyJWTError, UnicodeError) as error:
            raise ChatError(Code.UNAUTHORIZED) from error
        return _identity(claims)

    def issue(self) -> None:
        return None

    def vouch(self, user_id: str) -> None:  # noqa: ARG002 - tokens are signed elsewhere
        return None

    def _claims(self, token: str, key: PyJWK | str) -> Mapping[str, Any]:  # Any: whatever the token says
        claims: Mapping[str, Any] = self._jwt.decode(
            token,
            key,
            algorithms=self._algorithms,
            audience=self._audience,
            issuer=self._issuer,
            options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
        )
        return claims


def _identity(claims: Mapping[str, Any]) -> Identity:
    user_id = claims["sub"]
    if not isinstance(user_id, str) or not user_id.isprintable() or not 0 < len(user_id) <= USER_ID_CHARS:
        raise ChatError(Code.UNAUTHORIZED)
    try:
        expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (OverflowError, ValueError, OSError) as error:  # beyond the calendar
        raise ChatError(Code.UNAUTHORIZED) from error
    return Identity(user_id, expires_at, _words(claims.get("scope")))


def _words(scope: object) -> frozenset[str]:
    """The scopes of a token: words in a text (RFC 8693), or a list as some issuers write it."""
    if isinstance(scope, str):
        scope = scope.split()
    return (
        frozenset(each for each in scope if isinstance(each, str)) if isinstance(scope, list) else frozenset()
    )


def _shared(secret: str) -> FindKey:
    async def find(_header: Mapping[str, Any]) -> str:
        return secret

    return find


def _published(keys: Jwks) -> FindKey:
    async def find(header: Mapping[str, Any]) -> PyJWK:
        key = await keys.find(str(header.get("kid", "")))
        if key is None:
            raise ChatError(Code.UNAUTHORIZED)
        return key

    return find


def _pyjwt() -> ModuleType:
    try:
        import jwt  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("AUTH=jwt needs PyJWT: run pip install 'steadychat[auth]'") from error
    return jwt
