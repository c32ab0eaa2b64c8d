"""What users may do with all that they have, in the SQL database."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from api.core.query import Query
from api.core.records import Hit
from api.database.snapshot import carried_through, snapshot
from api.store.search import find


class SqlArchive:
    """Implements `api.service.ports.Archive`: reads from the pool, changes by the group-commit writer."""

    def __init__(self, readers: AsyncEngine) -> None:
        self._readers = readers

    @carried_through
    async def search(self, user_id: str, query: Query, limit: int) -> Sequence[Hit]:
        async with snapshot(self._readers) as connection:
            return await find(connection, user_id, query, limit)
