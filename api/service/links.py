"""Links that carry a user's chats to another browser: each holds for a while, and once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Protocol

from api.core.errors import ChatError, Code
from api.service.ports import Clock

HOLDS = timedelta(minutes=10)
CODE_BYTES = 24  # of chance: nobody guesses one of 2^192
GONE = "This link is not valid: each works once, within ten minutes. Make a new one in the other browser."


@dataclass(frozen=True, slots=True)
class Link:
    """Whoever has the code is the user. It is told once, and nowhere kept."""

    code: str
    expires_at: datetime


class LinkShelf(Protocol):
    """Where hashes of codes are kept."""

    async def keep(self, digest: str, user_id: str, expires_at: datetime) -> None:
        """Beside the user's newest few; older ones give way."""

    async def take(self, digest: str, now: datetime) -> str | None:
        """Whose link that was, for one taker alone; None if there is no such link, or it has expired."""

    async def expire(self, now: datetime) -> None:
        """Removes what has expired."""


class Links:
    def __init__(
        self, shelf: LinkShelf, clock: Clock, new_code: Callable[[], str] = lambda: token_urlsafe(CODE_BYTES)
    ) -> None:
        self._shelf = shelf
        self._clock = clock
        self._new_code = new_code

    async def make(self, user_id: str) -> Link:
        link = Link(self._new_code(), self._clock() + HOLDS)
        await self._shelf.keep(digest(link.code), user_id, link.expires_at)
        return link

    async def claim(self, code: str) -> str:
        """The user whose link this was. Raises not_found, whether it is unknown, used up or expired."""
        user_id = await self._shelf.take(digest(code), self._clock())
        if user_id is None:
            raise ChatError(Code.NOT_FOUND, GONE)
        return user_id


def digest(code: str) -> str:
    """Without salt and haste: a code is too long to be guessed."""
    return sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
