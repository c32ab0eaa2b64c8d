"""A message's words go into the full-text index after the message's own commit, many at a time.

Whoever waits for a first token waits for a commit, and words were a third of it. What waits to be indexed
stands in the database, so that no death loses it; a search has its owner's words indexed before.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Integer, bindparam, delete, insert, select

from api.core.words import owners_terms
from api.database.portion import portion
from api.database.prepared import Prepared
from api.database.tables import messages, unindexed
from api.database.writer import Transaction
from api.store.search import add_terms

MESSAGES = 16
CHARS = 8_000
"""So much is indexed at a time, one message at least: whoever writes an answer meanwhile waits so long."""


class Entry(NamedTuple):
    user_id: str
    message_id: str
    terms: str


def index_later(connection: Connection, user_id: str, message_id: str, content: str) -> None:
    """Has a message made findable, whose text will not change any more."""
    if content:
        _WAITS.do(connection, user=user_id, message=message_id)


def index_never(connection: Connection, gone: Iterable[tuple[str, str]]) -> None:
    """The messages, each given by its owner and its id, are there no more."""
    _NO_MORE.do_each(connection, [{"user": user_id, "message": message_id} for user_id, message_id in gone])


def waiting(connection: Connection, user_id: str | None = None) -> Sequence[Entry]:
    """Some of what waits to be indexed, of this user or of all, in the order of its age."""
    rows = (
        _WAITING.each(connection, limit=MESSAGES)
        if user_id is None
        else _WAITING_OF_USER.each(connection, limit=MESSAGES, user=user_id)
    )
    found, _ = portion(rows, column="content", chars=CHARS)
    return [Entry(row.user_id, row.message_id, owners_terms(row.user_id, row.content)) for row in found]


def index(transaction: Transaction, entries: Iterable[Entry]) -> None:
    """Makes findable what still waits of these: others may have come first, or erased it."""
    connection = transaction.connection
    for entry in entries:
        if _NO_MORE.do(connection, user=entry.user_id, message=entry.message_id):
            add_terms(connection, entry.message_id, entry.terms)


_WAITS = Prepared(insert(unindexed).values(user_id=bindparam("user"), message_id=bindparam("message")))
_NO_MORE = Prepared(
    delete(unindexed).where(
        unindexed.c.user_id == bindparam("user"), unindexed.c.message_id == bindparam("message")
    )
)
_some = (
    select(unindexed.c.user_id, unindexed.c.message_id, messages.c.content)
    .join_from(unindexed, messages, messages.c.id == unindexed.c.message_id)
    .order_by(unindexed.c.user_id, unindexed.c.message_id)
    .limit(bindparam("limit", type_=Integer))
)
_WAITING = Prepared(_some)
_WAITING_OF_USER = Prepared(_some.where(unindexed.c.user_id == bindparam("user")))
