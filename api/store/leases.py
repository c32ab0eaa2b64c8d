"""Which process writes which answer, and whether it still shows that it lives."""

from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from api.core.leases import Lease, Leases
from api.database.tables import IS_RUNNING, messages, owners
from api.database.writer import Transaction


def beat(transaction: Transaction, owner: str, number: int) -> None:
    raised = update(owners).where(owners.c.id == owner).values(beat=number)
    if not transaction.connection.execute(raised).rowcount:
        transaction.connection.execute(insert(owners).values(id=owner, beat=number))


def forget(transaction: Transaction, owner: str, beat: int) -> None:
    transaction.connection.execute(delete(owners).where(owners.c.id == owner, owners.c.beat == beat))


def read_leases(connection: Connection) -> Leases:
    running = connection.execute(_running()).all()
    beats = connection.execute(select(owners)).all()
    return Leases([_lease(row) for row in running], {row.id: row.beat for row in beats})


def read_lease(connection: Connection, session_id: str) -> Lease | None:
    statement = _running().where(messages.c.session_id == session_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _lease(row)


def _running() -> Select[Any]:
    return (
        select(messages.c.id, messages.c.session_id, messages.c.owner, owners.c.beat)
        .outerjoin(owners, owners.c.id == messages.c.owner)
        .where(IS_RUNNING)
    )


def _lease(row: Row[Any]) -> Lease:
    return Lease(row.id, row.session_id, row.owner, row.beat)
