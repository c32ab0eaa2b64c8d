"""What users may do with all that they have, in the SQL database."""

import asyncio
from collections.abc import Sequence
from functools import partial

from api.core.errors import ChatError, Code
from api.core.query import Query
from api.core.records import Hit, Kept, Verdict
from api.database.readers import Readers
from api.database.writer import Writer
from api.service.archive import Forgotten
from api.service.ports import Clock
from api.store.feedback import judge
from api.store.forgetting import forget, half_forgotten
from api.store.indexing import index, waiting
from api.store.keeping import read_kept
from api.store.search import find

INDEXING_S = 1.0
"""No longer does a search wait for what was said last to be indexed, while a commit takes its time."""


class SqlArchive:
    """Implements `api.service.archive.Archive`: reads from the pool, changes by the group-commit writer."""

    def __init__(self, readers: Readers, writer: Writer, *, clock: Clock) -> None:
        self._readers = readers
        self._writer = writer
        self._clock = clock

    async def index(self, user_id: str | None = None) -> bool:
        some = await self._readers.read(partial(waiting, user_id=user_id))
        if some:
            await self._writer.submit(partial(index, entries=some), durable=False)
        return bool(some)

    async def search(self, user_id: str, query: Query, limit: int) -> Sequence[Hit]:
        await self._index_all(user_id)
        return await self._readers.read(lambda connection: find(connection, user_id, query, limit))

    async def _index_all(self, user_id: str) -> None:
        """Tries to: where nothing can be written, what was indexed before is found all the same."""
        try:
            async with asyncio.timeout(INDEXING_S):
                while await self.index(user_id):
                    pass
        except TimeoutError:
            return
        except ChatError as error:
            if error.code is not Code.STORAGE_UNAVAILABLE:
                raise

    async def judge(
        self, user_id: str, session_id: str, message_id: str, value: Verdict | None, comment: str | None
    ) -> None:
        unit = partial(
            judge,
            user_id=user_id,
            session_id=session_id,
            message_id=message_id,
            value=value,
            comment=comment,
            now=self._clock(),
        )
        await self._writer.submit(unit, durable=True)

    async def keeps(self, user_id: str, session_id: str, after: int) -> Sequence[Kept]:
        waiting = self._writer.journal.of_session(session_id)
        return await self._readers.read(
            lambda connection: read_kept(connection, user_id, session_id, after, waiting)
        )

    async def forget(self, user_id: str) -> Forgotten:
        now = self._clock()
        return await self._writer.submit(
            lambda transaction: forget(transaction, user_id, now), durable=True, user=user_id
        )

    async def half_forgotten(self) -> Sequence[str]:
        return await self._readers.read(half_forgotten)
