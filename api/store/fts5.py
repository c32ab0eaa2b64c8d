"""Full-text search as SQLite does it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, text

from api.core.query import Query
from api.core.words import owners_term
from api.database.prepared import Prepared, Row
from api.database.tables import SEARCH, meta, searchable

MERGE_PAGES = 64  # in one step: a few milliseconds


def add(connection: Connection, message_id: str, terms: str) -> None:
    _ENTRY.do(connection, message=message_id)
    _ADD.do(connection, terms=terms)


def remove(connection: Connection, terms: Mapping[str, str]) -> None:
    """Takes messages out, each with its terms."""
    of_these = searchable.c.message_id.in_(list(terms))
    entries = connection.execute(select(searchable).where(of_these)).all()
    if entries:
        removed = [{"entry": row.id, "terms": terms[row.message_id]} for row in entries]
        connection.execute(_REMOVE, removed)
        connection.execute(delete(searchable).where(of_these))
        _note(connection, _AFTER_REMOVAL[_noted(connection)])


def best(connection: Connection, user_id: str, query: Query, candidates: int, limit: int) -> Sequence[Row]:
    match = " ".join(
        [
            *(f'"{owners_term(user_id, term)}"' for term in query.whole),
            *(f'"{owners_term(user_id, term)}" *' for term in query.begun),
        ]
    )
    asked = {"match": match, "user": user_id, "candidates": candidates, "limit": limit}
    return connection.execute(_FIND, asked).all()


def compact(connection: Connection) -> bool:
    """FTS5 only notes a removal, and drops both when it merges them. Left to itself that may be never."""
    noted = _noted(connection)
    if noted is None:
        return False
    # A negative number begins a merge of everything there is, a positive one goes on with it.
    pages = -MERGE_PAGES if noted == WANTED else MERGE_PAGES
    before = _changes(connection)
    connection.execute(_MERGE, {"pages": pages})
    done = _changes(connection) - before < 2  # noqa: PLR2004 - SQLite's own sign that there was nothing to do
    _note(connection, _AFTER_MERGING[noted] if done else _WHILE_MERGING[noted])
    return True


# How far the clearing away has come, as it stands in `meta`.
STATE, WANTED, GOING, AGAIN = "search merge", "wanted", "going", "again"
_AFTER_REMOVAL = {None: WANTED, WANTED: WANTED, GOING: AGAIN, AGAIN: AGAIN}
_WHILE_MERGING = {WANTED: GOING, GOING: GOING, AGAIN: AGAIN}
_AFTER_MERGING = {WANTED: None, GOING: None, AGAIN: WANTED}


def _noted(connection: Connection) -> str | None:
    state: str | None = connection.execute(select(meta.c.value).where(meta.c.key == STATE)).scalar()
    return state


def _note(connection: Connection, state: str | None) -> None:
    connection.execute(delete(meta).where(meta.c.key == STATE))
    if state is not None:
        connection.execute(insert(meta).values(key=STATE, value=state))


def _changes(connection: Connection) -> int:
    return int(connection.execute(text("SELECT total_changes()")).scalar_one())


_ENTRY = Prepared(insert(searchable).values(message_id=bindparam("message")))
_ADD = Prepared(text(f"INSERT INTO {SEARCH} (rowid, terms) VALUES (last_insert_rowid(), :terms)"))
_REMOVE = text(f"INSERT INTO {SEARCH} ({SEARCH}, rowid, terms) VALUES ('delete', :entry, :terms)")
_MERGE = text(f"INSERT INTO {SEARCH} ({SEARCH}, rank) VALUES ('merge', :pages)")
# CROSS JOIN keeps the order: from the index, which walks back from the newest, to what it found.
_FIND = text(
    f"""
    SELECT id, session_id, number FROM (
        SELECT messages.id, messages.session_id, messages.number,
               {SEARCH}.rowid AS entry, bm25({SEARCH}) AS score
        FROM {SEARCH}
        CROSS JOIN searchable ON searchable.id = {SEARCH}.rowid
        CROSS JOIN messages ON messages.id = searchable.message_id
        CROSS JOIN sessions ON sessions.id = messages.session_id
        WHERE {SEARCH} MATCH :match AND sessions.user_id = :user AND sessions.deleted_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM messages AS newer WHERE newer.retry_of = messages.id)
        ORDER BY {SEARCH}.rowid DESC LIMIT :candidates
    )
    ORDER BY score, entry DESC LIMIT :limit
    """
)
