"""What a user does with all that was said: find it again, judge it, take it along."""

from collections.abc import Sequence

from api.core.query import parse
from api.core.records import Hit
from api.service.ports import Archive


class Library:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def search(self, user_id: str, text: str, limit: int) -> Sequence[Hit]:
        """One's own messages that have all words of `text`, the best first. Raises ChatError (invalid)."""
        return await self._archive.search(user_id, parse(text), limit)
