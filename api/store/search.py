"""Full-text search: what all databases have in common, and the way of each.

Every term in the index begins with a mark of its owner, so that a search reads only what its owner has said,
a beginning of a word too, and costs the same however many users there are. The index holds no text: what is
taken out of it is named by its text again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import Connection, bindparam, select, text

from api.core.query import Query, excerpt
from api.core.records import Hit
from api.core.words import INDEXED_CHARS, owners_terms
from api.database.prepared import Row
from api.database.tables import messages
from api.store import fts5, gin

CANDIDATES = 2_000
"""Among so many of the newest messages that fit, the best are found."""
READ_TEXTS = 16  # at once


class _Way(Protocol):
    """How a database finds messages by terms."""

    def add(self, connection: Connection, message_id: str, terms: str) -> None: ...

    def remove(self, connection: Connection, terms: Mapping[str, str]) -> None: ...

    def best(
        self, connection: Connection, user_id: str, query: Query, candidates: int, limit: int
    ) -> Sequence[Row]: ...

    def compact(self, connection: Connection) -> bool: ...


def _way(connection: Connection) -> _Way:
    return gin if connection.dialect.name == "postgresql" else fts5


def add_terms(connection: Connection, message_id: str, terms: str) -> None:
    """Makes a message findable by its owner's terms, as `owners_terms` has them of its text."""
    if terms:
        _way(connection).add(connection, message_id, terms)


def remove_words(connection: Connection, gone: Iterable[tuple[str, str, str]]) -> None:
    """Takes messages out, each given by its owner, its id and its text."""
    terms = {message_id: owners_terms(user_id, content) for user_id, message_id, content in gone}
    _way(connection).remove(connection, terms)


def find(connection: Connection, user_id: str, query: Query, limit: int) -> list[Hit]:
    """The best messages first, of equal ones the newest."""
    found = _way(connection).best(connection, user_id, query, CANDIDATES, limit)
    hits: list[Hit] = []
    for start in range(0, len(found), READ_TEXTS):
        some = found[start : start + READ_TEXTS]
        ids = [row.id for row in some]
        texts = {row.id: row.text for row in connection.execute(_TEXTS, {"ids": ids})}
        hits += [Hit(row.session_id, row.id, row.number, excerpt(texts[row.id], query)) for row in some]
    return hits


def compact(connection: Connection) -> bool:
    """One step of clearing away what was removed, whose terms are stored until then; False if all is."""
    return _way(connection).compact(connection)


_TEXTS = select(messages.c.id, text(f"substr(content, 1, {INDEXED_CHARS}) AS text")).where(
    messages.c.id.in_(bindparam("ids", expanding=True))
)
