"""What a unit rests on, and nobody else may change until its commit.

SQLite has one writer at a time, so there is nothing to do. On PostgreSQL whoever changes something takes
these in this order, user, writers, session, and reads only then: it finds what those before have left.
"""

from sqlalchemy import Connection, text

from api.database.prepared import Prepared

WRITER_KEY = "hashtextextended(coalesce(m.owner, ''), 1)"
"""What the server that writes an answer is locked by; `m` is the answer's row."""


def hold_users(connection: Connection, user_ids: set[str]) -> None:
    """What users may and have asked for: requests, and how many answers run. They may be nobody yet.

    Those of a whole commit together and in one order, so that no two servers wait for each other.
    """
    if user_ids and connection.dialect.name != "sqlite":
        _USERS.all(connection, users=list(user_ids))


def hold_answer(connection: Connection, message_id: str) -> None:
    """Its session, and whoever writes it, who adds nothing to any of theirs meanwhile.

    Each commit of pieces holds its own server too, all together. Else one that adds a piece every few
    milliseconds might take the number of an answer's end again and again from whoever ends it elsewhere.
    """
    if connection.dialect.name != "sqlite":
        _ANSWER.all(connection, message=message_id)


def join_writer(connection: Connection, message_id: str) -> None:
    """Whoever writes an answer is in the middle of that."""
    if connection.dialect.name != "sqlite":
        _JOIN.all(connection, message=message_id)


def hold_writers_in(connection: Connection, session_ids: list[str]) -> None:
    """The same of all answers that run in these sessions."""
    if connection.dialect.name != "sqlite":
        _WRITERS_IN.all(connection, sessions=session_ids)


def hold_session(connection: Connection, session_id: str) -> None:
    """Its row, and the end of its log except for the pieces of an answer."""
    hold_sessions(connection, [session_id])


def hold_sessions(connection: Connection, session_ids: list[str]) -> None:
    if connection.dialect.name != "sqlite":
        _SESSIONS.all(connection, sessions=session_ids)


def hold_session_of(connection: Connection, message_id: str) -> None:
    if connection.dialect.name != "sqlite":
        _SESSION_OF.all(connection, message=message_id)


def hold_documents(connection: Connection) -> None:
    """Their revisions: whoever sees one sees all that are smaller."""
    _DOCUMENTS.all(connection)


def alone(connection: Connection, work: str) -> bool:
    """Whether nobody else does this work just now; until the commit nobody else will."""
    return connection.dialect.name == "sqlite" or bool(_ALONE.all(connection, work=work)[0].alone)


_ALONE = Prepared(text("SELECT pg_try_advisory_xact_lock(hashtextextended(:work, 0)) AS alone"))
_USERS = Prepared(
    text("""
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(u.name, 0) AS key
        FROM unnest(CAST(:users AS text[])) AS u (name) ORDER BY key
    ) AS keys
    """)
)
_ANSWER = Prepared(
    text(f"""
    WITH writer AS MATERIALIZED (
        SELECT m.session_id, pg_advisory_xact_lock({WRITER_KEY}) FROM messages AS m WHERE m.id = :message
    )
    SELECT s.id FROM sessions AS s JOIN writer ON writer.session_id = s.id FOR UPDATE OF s
    """)
)
_JOIN = Prepared(
    text(f"SELECT pg_advisory_xact_lock_shared({WRITER_KEY}) FROM messages AS m WHERE m.id = :message")
)
_WRITERS_IN = Prepared(
    text(f"""
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT {WRITER_KEY} AS key FROM messages AS m
        WHERE m.session_id = ANY(:sessions) AND m.status IN ('pending', 'streaming') ORDER BY key
    ) AS keys
    """)
)
_DOCUMENTS = Prepared(text("SELECT pg_advisory_xact_lock(hashtextextended('steadychat documents', 0))"))
_SESSIONS = Prepared(text("SELECT id FROM sessions WHERE id = ANY(:sessions) ORDER BY id FOR UPDATE"))
_SESSION_OF = Prepared(
    text("""
    SELECT s.id FROM sessions AS s
    WHERE s.id = (SELECT m.session_id FROM messages AS m WHERE m.id = :message) FOR UPDATE
    """)
)
