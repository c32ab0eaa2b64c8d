"""Full-text search as PostgreSQL does it: a vector of terms for each message, in an inverted index."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, text

from api.core.query import Query
from api.core.words import owners_term
from api.database.prepared import Prepared, Row
from api.database.tables import search_terms

MOST_PLACES = 16_383
"""A vector counts no further; what comes after that stands in the last place."""
MOST_BYTES, OF_A_TERM = 900_000, 8
"""A vector may hold a megabyte, with some bytes for each term; of a longer text the beginning is found."""


def add(connection: Connection, message_id: str, terms: str) -> None:
    _ADD.do(connection, message=message_id, terms=_vector(terms.split()))


def remove(connection: Connection, terms: Mapping[str, str]) -> None:
    """Takes messages out, each with its terms."""
    connection.execute(delete(search_terms).where(search_terms.c.message_id.in_(list(terms))))


def best(connection: Connection, user_id: str, query: Query, candidates: int, limit: int) -> Sequence[Row]:
    wanted = " & ".join(
        [
            *(_quoted(owners_term(user_id, term)) for term in query.whole),
            *(f"{_quoted(owners_term(user_id, term))}:*" for term in query.begun),
        ]
    )
    return _FIND.all(connection, query=wanted, user=user_id, candidates=candidates, limit=limit)


def compact(connection: Connection) -> bool:  # noqa: ARG001 - as others have it
    """The database's own vacuum does it."""
    return False


def _vector(terms: Iterable[str]) -> str:
    """Terms with their places, in PostgreSQL's own notation: how often a term comes counts."""
    places: dict[str, list[int]] = defaultdict(list)
    room = MOST_BYTES
    for place, term in enumerate(terms, 1):
        room -= 0 if term in places else len(term.encode()) + OF_A_TERM
        if room < 0:
            break
        places[term].append(min(place, MOST_PLACES))
    return " ".join(f"{_quoted(term)}:{','.join(map(str, at))}" for term, at in places.items())


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


_ADD = Prepared(
    text("INSERT INTO search_terms (message_id, terms) VALUES (:message, CAST(:terms AS tsvector))")
)
# The newest of what fits are ranked; 1: a long text is worth less than a short one with the same words.
_FIND = Prepared(
    text("""
    SELECT id, session_id, number FROM (
        SELECT m.id, m.session_id, m.number, m.created_at,
               ts_rank(t.terms, CAST(:query AS tsquery), 1) AS score
        FROM search_terms AS t
        JOIN messages AS m ON m.id = t.message_id
        JOIN sessions AS s ON s.id = m.session_id
        WHERE t.terms @@ CAST(:query AS tsquery) AND s.user_id = :user AND s.deleted_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM messages AS newer WHERE newer.retry_of = m.id)
        ORDER BY m.created_at DESC, m.id DESC LIMIT :candidates
    ) AS found
    ORDER BY score DESC, created_at DESC, id DESC LIMIT :limit
    """)
)
