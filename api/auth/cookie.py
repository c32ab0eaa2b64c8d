"""Each browser is its own anonymous user, known by a signed cookie."""

import hashlib
from collections.abc import Callable

from itsdangerous import BadSignature, Signer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.auth.identity import Identity, Issued, bearer
from api.core.errors import ChatError, Code

NAME = "steadychat_identity"
MAX_AGE_S = 400 * 24 * 3600  # browsers keep no cookie longer


class CookieAuth:
    """Tokens are signed user ids. They do not expire: a user is forgotten by deleting the identity."""

    bearer_only = False

    def __init__(self, secret: str, new_id: Callable[[], str]) -> None:
        self._signer = Signer(secret, salt="steadychat.identity", digest_method=hashlib.sha256)
        self._new_id = new_id

    async def identify(self, connection: HTTPConnection) -> Identity | None:
        if (token := bearer(connection)) is not None:
            return await self.check(token)
        user_id = self._user_of(connection.cookies.get(NAME, ""))
        return None if user_id is None else Identity(user_id)

    async def check(self, token: str) -> Identity:
        user_id = self._user_of(token)
        if user_id is None:
            raise ChatError(Code.UNAUTHORIZED)
        return Identity(user_id)

    def issue(self) -> Issued:
        return self.vouch(self._new_id())

    def vouch(self, user_id: str) -> Issued:
        return Issued(user_id, self._signer.sign(user_id).decode())

    def _user_of(self, token: str) -> str | None:
        try:
            return self._signer.unsign(token).decode()
        except (BadSignature, UnicodeError):  # a token may hold anything, lone surrogates too
            return None


def set_cookie(response: Response, connection: HTTPConnection, token: str) -> None:
    """Let the browser keep `token`, readable by the server alone."""
    response.set_cookie(
        NAME,
        token,
        max_age=MAX_AGE_S,
        path=cookie_path(connection),
        secure=connection.url.scheme in {"https", "wss"},
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, connection: HTTPConnection) -> None:
    """Let the browser forget the identity."""
    response.delete_cookie(NAME, path=cookie_path(connection), httponly=True, samesite="lax")


def cookie_path(connection: HTTPConnection) -> str:
    """The path that this server is served under: neighbours on the same host do not see the cookie."""
    return str(connection.scope.get("root_path", "")).rstrip("/") or "/"
