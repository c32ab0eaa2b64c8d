"""What it means to know who is asking, however it is found out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from starlette.requests import HTTPConnection


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking. `expires_at` (UTC) is None where an identity does not end by itself."""

    user_id: str
    expires_at: datetime | None = None
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Issued:
    """A user and the token that stands for them, in a cookie or as `Authorization: Bearer`."""

    user_id: str
    token: str


class Authenticator(Protocol):
    """Finds out who is asking. Asynchronous, since public keys may have to be fetched."""

    @property
    def bearer_only(self) -> bool:
        """Whether only bearer tokens count: then there are no cookies and no anonymous users."""

    async def identify(self, connection: HTTPConnection) -> Identity | None:
        """Who asks: by `Authorization: Bearer` first, else by the cookie; None if neither was brought.

        Raises ChatError `unauthorized` or `token_expired` for a bearer token that does not hold. A cookie
        that does not hold counts as none: a browser cannot do anything about it.
        """

    async def check(self, token: str) -> Identity:
        """Whose `token` this is. Raises ChatError `unauthorized` or `token_expired`."""

    def issue(self) -> Issued | None:
        """A new anonymous user, or None where users cannot be made here."""

    def vouch(self, user_id: str) -> Issued | None:
        """A token for a user who is known, or None where tokens are made elsewhere or nobody needs one."""


def bearer(connection: HTTPConnection) -> str | None:
    """The token of `Authorization: Bearer …`; other schemes (of a proxy's own login, say) are not ours."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
