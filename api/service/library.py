"""What a user does with all that was said: find it again, judge it, take it along."""

from collections.abc import AsyncIterator, Sequence

from api.core.content import check_comment
from api.core.query import parse
from api.core.records import Hit, Kept, Session, Verdict
from api.service.archive import Archive
from api.service.ports import Store


class Library:
    def __init__(self, store: Store, archive: Archive) -> None:
        self._store = store
        self._archive = archive

    async def search(self, user_id: str, text: str, limit: int) -> Sequence[Hit]:
        """One's own messages that have all words of `text`, the best first. Raises ChatError (invalid)."""
        return await self._archive.search(user_id, parse(text), limit)

    async def judge(
        self, user_id: str, session_id: str, message_id: str, value: Verdict | None, comment: str | None
    ) -> None:
        """Keeps one's word on an answer; without a `value` none is left. Raises ChatError."""
        check_comment(comment)
        await self._archive.judge(user_id, session_id, message_id, value, (comment or "").strip() or None)

    async def export(self, user_id: str, session_id: str) -> tuple[Session, AsyncIterator[Sequence[Kept]]]:
        """A session and, page by page as they are asked for, its messages from the first on.

        Raises ChatError, also between two pages: not_found if the session is deleted meanwhile.
        """
        return await self._store.session(user_id, session_id), self._pages(user_id, session_id)

    async def _pages(self, user_id: str, session_id: str) -> AsyncIterator[Sequence[Kept]]:
        after = 0
        while page := await self._archive.keeps(user_id, session_id, after):
            yield page
            after = page[-1].message.index
