"""the log in hours, and full-text search on PostgreSQL

Revision: 0008, after: 0007. Made: 2026-11-29 22:50:00.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = "session_id, seq, kind, message_id, at, body"


def upgrade() -> None:
    op.add_column("sessions", _hour())
    # What is no longer there is told by the first event that is.
    op.drop_column("sessions", "trimmed")
    if op.get_bind().dialect.name == "sqlite":
        op.add_column("events", _hour())
        return
    op.execute("ALTER TABLE notes ALTER COLUMN id TYPE bigint")
    op.execute("ALTER SEQUENCE notes_id_seq AS bigint")
    _partition()
    op.create_table(
        "search_terms",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("terms", TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_search_terms")),
    )
    op.create_index("ix_search_terms", "search_terms", ["terms"], postgresql_using="gin")
    # Found by the sweep, as if it had been said just now.
    op.execute(
        "INSERT INTO unindexed (user_id, message_id) SELECT s.user_id, m.id"
        " FROM messages AS m JOIN sessions AS s ON s.id = m.session_id"
        " WHERE s.deleted_at IS NULL AND m.content <> '' AND m.status NOT IN ('pending', 'streaming')"
        " ON CONFLICT DO NOTHING"
    )


def _hour() -> sa.Column[int]:
    return sa.Column("hour", sa.Integer(), nullable=False, server_default="0")


def _partition() -> None:
    """What is in the log already, if anything, becomes its first hour."""
    op.execute("ALTER TABLE events RENAME TO events_0")
    op.execute("ALTER TABLE events_0 RENAME CONSTRAINT pk_events TO pk_events_0")
    op.execute("ALTER INDEX ix_events_ends RENAME TO ix_events_ends_0")
    op.execute("ALTER TABLE events_0 ADD COLUMN hour integer NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE events_0 DROP CONSTRAINT pk_events_0")
    op.execute("CREATE TABLE events (LIKE events_0 INCLUDING DEFAULTS) PARTITION BY RANGE (hour)")
    op.execute("ALTER TABLE events ADD CONSTRAINT pk_events PRIMARY KEY (session_id, seq, hour)")
    op.execute("CREATE INDEX ix_events_ends ON events (session_id, seq) WHERE kind = 'end'")
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM events_0)")):
        op.execute("ALTER TABLE events ATTACH PARTITION events_0 FOR VALUES FROM (0) TO (1)")
    else:
        op.execute("DROP TABLE events_0")


def downgrade() -> None:
    op.add_column("sessions", sa.Column("trimmed", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE sessions SET trimmed ="
        " coalesce((SELECT min(seq) - 1 FROM events WHERE events.session_id = sessions.id), seq)"
    )
    op.drop_column("sessions", "hour")
    if op.get_bind().dialect.name == "sqlite":
        op.drop_column("events", "hour")
        return
    op.drop_table("search_terms")
    op.execute("ALTER TABLE events RENAME TO in_hours")
    op.execute("ALTER TABLE in_hours RENAME CONSTRAINT pk_events TO pk_in_hours")
    op.execute("DROP INDEX ix_events_ends")
    op.execute("CREATE TABLE events (LIKE in_hours INCLUDING DEFAULTS)")
    op.execute("ALTER TABLE events DROP COLUMN hour")
    op.execute(f"INSERT INTO events ({COLUMNS}) SELECT {COLUMNS} FROM in_hours")
    op.execute("ALTER TABLE events ADD CONSTRAINT pk_events PRIMARY KEY (session_id, seq)")
    op.execute("CREATE INDEX ix_events_ends ON events (session_id, seq) WHERE kind = 'end'")
    op.execute("DROP TABLE in_hours")
    op.execute("ALTER TABLE notes ALTER COLUMN id TYPE integer")
    op.execute("ALTER SEQUENCE notes_id_seq AS integer")
