"""What the library needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from api.core.query import Query
from api.core.records import Hit, Kept, Verdict


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A step of forgetting a user: the sessions and running answers that it ended, and if it was the last."""

    sessions: Sequence[str]
    cancelled: Sequence[str]
    done: bool


class Archive(Protocol):
    """All that a user has, for that user alone."""

    async def index(self, user_id: str | None = None) -> bool:
        """Makes a little more of what was said findable, of this user or of all; False if all of it is."""

    async def search(self, user_id: str, query: Query, limit: int) -> Sequence[Hit]:
        """The best messages that have all words of the query, of equal ones the newest first.

        What was said last may not be among them while nothing can be written.
        """

    async def judge(
        self, user_id: str, session_id: str, message_id: str, value: Verdict | None, comment: str | None
    ) -> None:
        """Keeps what the user thinks of an answer; with None it is forgotten. Raises not_found, invalid."""

    async def keeps(self, user_id: str, session_id: str, after: int) -> Sequence[Kept]:
        """The next messages after an index, all attempts, oldest first; none at the end. Raises not_found."""

    async def forget(self, user_id: str) -> Forgotten:
        """Takes one step; there are more to take until one is `done`."""

    async def half_forgotten(self) -> Sequence[str]:
        """Users with whom that was begun and is not done."""
