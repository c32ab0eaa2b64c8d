"""The tables of the history and the log. Times are microseconds since 1970, UTC."""

from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from api.core.lifecycle import RUNNING, Status

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

IS_DELETED = text("deleted_at IS NOT NULL")
IS_END = text("kind = 'end'")

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
    # The log's end, and the `hour` of the events of its newest answer.
    Column("seq", BigInteger, nullable=False),
    Column("hour", Integer, nullable=False, server_default="0"),
    Column("deleted_at", BigInteger),
    # Of PostgreSQL's all sessions are in it: it looks for a user's before it lets go of the user.
    Index("ix_sessions_activity", "user_id", "updated_at", "id", sqlite_where=text("deleted_at IS NULL")),
    Index("ix_sessions_deleted", "deleted_at", sqlite_where=IS_DELETED, postgresql_where=IS_DELETED),
    Index("ix_sessions_leaving", "user_id", sqlite_where=IS_DELETED, postgresql_where=IS_DELETED),
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
    # On PostgreSQL what it is partitioned by, and part of its key: the hour, counted from 1970, in which the
    # answer was accepted that the event is of. On SQLite always 0.
    Column("hour", Integer, nullable=False, server_default="0"),
    Index("ix_events_ends", "session_id", "seq", sqlite_where=IS_END, postgresql_where=IS_END),
    sqlite_with_rowid=False,
)

# What each commit has of running answers' pieces, until they are in `events`; see `api.database.journal`.
journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("body", Text, nullable=False),
    info={"only": "sqlite"},
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
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
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
    info={"only": "sqlite"},
)

# Messages that are no entry yet; see `api.store.indexing`.
unindexed = Table(
    "unindexed",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("message_id", String, primary_key=True),
    sqlite_with_rowid=False,
)

# SQLite's full-text index is no table to SQLAlchemy. The migrations make it, `api.store.fts5` uses it.
SEARCH = "search_words"

# PostgreSQL's: the terms of each message, which no other table holds.
search_terms = Table(
    "search_terms",
    metadata,
    Column("message_id", String, primary_key=True),
    Column("terms", TSVECTOR().with_variant(Text, "sqlite"), nullable=False),
    Index("ix_search_terms", "terms", postgresql_using="gin"),
    info={"only": "postgresql"},
)

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

# The documents that answers rest on, for all servers; what one has of its own is an index of them. `revision`
# grows by whatever an index has to follow, and the row of a deleted one stays for a while to tell of it.
documents = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column("user_id", String),  # who is told how far it is, until it is read
    Column("title", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("media_type", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("path", Text),  # where the command has read it
    Column("status", String, nullable=False),
    Column("progress", Float, nullable=False),
    Column("passages", Integer, nullable=False),
    Column("error", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Column("revision", BigInteger, nullable=False),
    Index("ix_documents_revision", "revision", unique=True),
    info={"only": "postgresql"},
)

# Their files, in pieces: none of them is ever one large message.
originals = Table(
    "originals",
    metadata,
    Column("document_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    info={"only": "postgresql"},
)

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)


def tables_of(dialect: str) -> list[Table]:
    """The tables that a database of this kind has."""
    return [table for table in metadata.sorted_tables if table.info.get("only", dialect) == dialect]


def belongs_to(dialect: str) -> Callable[..., bool]:
    """Whether a database of this kind has what `metadata` describes, for Alembic's comparisons."""

    def belongs(found: object, _name: str | None, kind: str, *_: object) -> bool:
        table = found if isinstance(found, Table) else getattr(found, "table", None)
        return kind == "schema" or table is None or table.info.get("only", dialect) == dialect

    return belongs


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Whether `metadata` describes this part of a database, for Alembic's comparisons.

    SQLite's full-text index is a virtual table, which keeps itself in further ones named after it, and
    PostgreSQL's events lie in partitions.
    """
    return not (kind == "table" and name is not None and name.startswith((SEARCH, f"{events.name}_")))
