"""Links that carry a user's chats to another browser, in the SQL database."""

from datetime import datetime

from sqlalchemy import Connection, Select, delete, insert, select

from api.database.tables import identity_links as links
from api.database.times import to_micros
from api.database.writer import Transaction, Writer

OF_A_USER = 5
"""So many links of a user hold at once; a further one takes the place of the oldest."""


class SqlLinks:
    """Implements `api.service.links.LinkShelf`. One writer carries out all of it, so no two take the same."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def keep(self, digest: str, user_id: str, expires_at: datetime) -> None:
        row = {"digest": digest, "user_id": user_id, "expires_at": to_micros(expires_at)}

        def unit(transaction: Transaction) -> None:
            transaction.connection.execute(insert(links).values(row))
            transaction.connection.execute(delete(links).where(links.c.digest.in_(_too_many(user_id))))

        await self._writer.submit(unit, durable=True)

    async def take(self, digest: str, now: datetime) -> str | None:
        return await self._writer.submit(
            lambda transaction: _take(transaction.connection, digest, now), durable=True
        )

    async def expire(self, now: datetime) -> None:
        await self._writer.submit(lambda transaction: _expire(transaction.connection, now), durable=False)


def revoke(connection: Connection, user_id: str) -> None:
    """No link of this user holds any more."""
    connection.execute(delete(links).where(links.c.user_id == user_id))


def _too_many(user_id: str) -> Select[tuple[str]]:
    newest_first = links.c.expires_at.desc()
    return select(links.c.digest).where(links.c.user_id == user_id).order_by(newest_first).offset(OF_A_USER)


def _take(connection: Connection, digest: str, now: datetime) -> str | None:
    """Used up and expired alike it is gone."""
    taken = delete(links).where(links.c.digest == digest).returning(links.c.user_id, links.c.expires_at)
    row = connection.execute(taken).one_or_none()
    return None if row is None or row.expires_at <= to_micros(now) else row.user_id


def _expire(connection: Connection, now: datetime) -> None:
    connection.execute(delete(links).where(links.c.expires_at <= to_micros(now)))
