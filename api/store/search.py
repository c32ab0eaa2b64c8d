"""Full-text search as SQLite does it (FTS5). Another database does it its own way behind these functions.

Every term in the index begins with a mark of its owner, so that a search reads only what its owner has said,
a beginning of a word too, and costs the same however many users there are. The index holds no text: what is
taken out of it is named by its text again.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, insert, select, text

from api.core.query import Query, excerpt
from api.core.records import Hit
from api.core.words import INDEXED_CHARS, owners_term, owners_terms
from api.database.prepared import Prepared
from api.database.tables import SEARCH, messages, meta, searchable

CANDIDATES = 2_000
"""Among so many of the newest messages that fit, the best are found."""
READ_TEXTS = 16  # at once
MERGE_PAGES = 64  # in one step: a few milliseconds


def add_terms(connection: Connection, message_id: str, terms: str) -> None:
    """Makes a message findable by its owner's terms, as `owners_terms` has them of its text."""
    if terms:
        _ENTRY.do(connection, message=message_id)
        _ADD.do(connection, terms=terms)


def remove_words(connection: Connection, gone: Iterable[tuple[str, str, str]]) -> None:
    """Takes messages out, each given by its owner, its id and its text."""
    terms = {message_id: owners_terms(user_id, content) for user_id, message_id, content in gone}
    of_these = searchable.c.message_id.in_(list(terms))
    entries = connection.execute(select(searchable).where(of_these)).all()
    if entries:
        removed = [{"entry": row.id, "terms": terms[row.message_id]} for row in entries]
        connection.execute(_REMOVE, removed)
        connection.execute(delete(searchable).where(of_these))
        _note(connection, _AFTER_REMOVAL[_noted(connection)])


def find(connection: Connection, user_id: str, query: Query, limit: int) -> list[Hit]:
    """The best messages first, of equal ones the newest."""
    match = " ".join(
        [
            *(f'"{owners_term(user_id, term)}"' for term in query.whole),
            *(f'"{owners_term(user_id, term)}" *' for term in query.begun),
        ]
    )
    asked = {"match": match, "user": user_id, "candidates": CANDIDATES, "limit": limit}
    found = connection.execute(_FIND, asked).all()
    hits: list[Hit] = []
    for start in range(0, len(found), READ_TEXTS):
        some = found[start : start + READ_TEXTS]
        ids = [row.id for row in some]
        texts = {row.id: row.text for row in connection.execute(_TEXTS, {"ids": ids})}
        hits += [Hit(row.session_id, row.id, row.number, excerpt(texts[row.id], query)) for row in some]
    return hits


def compact(connection: Connection) -> bool:
    """One step of clearing away what was removed, whose terms stay in the file until then; False if all is.

    FTS5 only notes a removal, and drops both when it merges them. Left to itself that may be never.
    """
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
_TEXTS = select(messages.c.id, text(f"substr(content, 1, {INDEXED_CHARS}) AS text")).where(
    messages.c.id.in_(bindparam("ids", expanding=True))
)
