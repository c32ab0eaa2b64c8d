"""What the library needs from outside."""

from collections.abc import Sequence
from typing import Protocol

from api.core.query import Query
from api.core.records import Hit, Kept, Verdict


class Archive(Protocol):
    """All that a user has, for that user alone."""

    async def search(self, user_id: str, query: Query, limit: int) -> Sequence[Hit]:
        """The best messages that have all words of the query, of equal ones the newest first."""

    async def judge(
        self, user_id: str, session_id: str, message_id: str, value: Verdict | None, comment: str | None
    ) -> None:
        """Keeps what the user thinks of an answer; with None it is forgotten. Raises not_found, invalid."""

    async def keeps(self, user_id: str, session_id: str, after: int) -> Sequence[Kept]:
        """The next messages after an index, all attempts, oldest first; none at the end. Raises not_found."""
