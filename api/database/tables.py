"""The tables of the history and the log. Times are microseconds since 1970, UTC."""

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
    text,
)

from api.core.lifecycle import RUNNING, Status

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

users = Table(
    "users",
    metadata,
    Column("id", String, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("user_id", String, ForeignKey("users.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("chain", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("message_count", Integer, nullable=False),
    Column("last_message_preview", Text, nullable=False),
    Column("last_index", Integer, nullable=False),
    # The log's end, and the last event that is no longer there.
    Column("seq", BigInteger, nullable=False),
    Column("trimmed", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Index("ix_sessions_activity", "user_id", "updated_at", "id", sqlite_where=text("deleted_at IS NULL")),
    Index("ix_sessions_deleted", "deleted_at", sqlite_where=text("deleted_at IS NOT NULL")),
    Index("ix_sessions_leaving", "user_id", sqlite_where=text("deleted_at IS NOT NULL")),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String, primary_key=True),
    Column("session_id", String, ForeignKey("sessions.id"), nullable=False),
    # The protocol calls it `index`, which is a method of every row.
    Column("number", Integer, nullable=False),
    Column("role", String, nullable=False),
    Column("status", String, nullable=False),
    Column("content", Text, nullable=False),
    Column("client_message_id", String),
    Column("reply_to", String),
    Column("retry_of", String),
    Column("sources", Text),
    Column("confidence", Float),
    Column("generation_time_ms", Integer),
    Column("error", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("completed_at", BigInteger),
    # Where its `message` event stands in the log, where its terminal one does, and who may write it.
    Column("created_seq", BigInteger, nullable=False),
    Column("ended_seq", BigInteger),
    Column("fence", String),
    # The process that writes it; see `owners`.
    Column("owner", String),
    Index("ix_messages_page", "session_id", "number", unique=True),
    Index(
        "ix_messages_retry",
        "retry_of",
        unique=True,
        sqlite_where=text("retry_of IS NOT NULL"),
        postgresql_where=text("retry_of IS NOT NULL"),
    ),
    Index(
        "ix_messages_running",
        "session_id",
        unique=True,
        sqlite_where=text("status IN ('pending', 'streaming')"),
        postgresql_where=text("status IN ('pending', 'streaming')"),
    ),
)


def status_is_of(*statuses: Status) -> ColumnElement[bool]:
    """Written into the statement, not bound: only so is a condition seen to be that of an index."""
    return messages.c.status.in_([literal_column(f"'{status.value}'") for status in statuses])


IS_RUNNING = status_is_of(*RUNNING)
"""The condition of `ix_messages_running`."""

sends = Table(
    "sends",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("client_message_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("session_id", String, nullable=False),
    Column("chain", String, nullable=False),
    Column("user_message_id", String, nullable=False),
    Column("pending_message_id", String, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("session_id", String, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("kind", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("at", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_events_ends", "session_id", "seq", sqlite_where=text("kind = 'end'")),
    sqlite_with_rowid=False,
)

# What each commit has of running answers' pieces, until they are in `events`; see `api.database.journal`.
journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)

# The lease of each process on the answers that it writes: `beat` grows for as long as it lives.
owners = Table(
    "owners",
    metadata,
    Column("id", String, primary_key=True),
    Column("beat", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

feedback = Table(
    "feedback",
    metadata,
    Column("message_id", String, primary_key=True),
    Column("session_id", String, nullable=False),
    Column("value", String, nullable=False),
    Column("comment", Text),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_feedback_session", "session_id"),
    sqlite_with_rowid=False,
)

# What happened to a session's answers and their followers, besides what the messages themselves tell.
notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("session_id", String, nullable=False),
    Column("message_id", String),  # of what concerns one answer alone
    Column("at", BigInteger, nullable=False),
    Column("what", String, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_notes_session", "session_id", "message_id", "at"),
    Index("ix_notes_at", "at"),
)

# What an entry of the full-text index stands for; an id is never given a second time.
searchable = Table(
    "searchable",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message_id", String, nullable=False),
    Index("ix_searchable_message", "message_id", unique=True),
    sqlite_autoincrement=True,
)

# Messages that are no entry yet; see `api.store.indexing`.
unindexed = Table(
    "unindexed",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("message_id", String, primary_key=True),
    sqlite_with_rowid=False,
)

# The full-text index itself is no table to SQLAlchemy. The migrations make it, `api.store.search` uses it.
SEARCH = "search_words"

# Ids of sends whose user has been forgotten, as `api.store.spent` makes them unreadable.
spent = Table(
    "spent",
    metadata,
    Column("key", String, primary_key=True),
    sqlite_with_rowid=False,
)

# Users who want to be forgotten, until nothing of theirs can be reached any more.
forgetting = Table(
    "forgetting",
    metadata,
    Column("user_id", String, primary_key=True),
    sqlite_with_rowid=False,
)

# Links that carry a user's chats to another browser: of the code itself only a hash is kept.
identity_links = Table(
    "identity_links",
    metadata,
    Column("digest", String, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_identity_links_user", "user_id", "expires_at"),
    Index("ix_identity_links_expiry", "expires_at"),
    sqlite_with_rowid=False,
)

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Whether `metadata` describes this part of a database, for Alembic's comparisons.

    The full-text index is a virtual table, which keeps itself in further ones named after it.
    """
    return not (kind == "table" and name is not None and name.startswith(SEARCH))
