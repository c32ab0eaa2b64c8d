"""leases, feedback, notes and retries

Revision: 0002, after: 0001. Made: 2026-11-22 19:45:00.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IS_RETRY = sa.text("retry_of IS NOT NULL")


def upgrade() -> None:
    op.add_column("messages", sa.Column("owner", sa.String(), nullable=True))
    op.create_index(
        "ix_messages_retry",
        "messages",
        ["retry_of"],
        unique=True,
        sqlite_where=IS_RETRY,
        postgresql_where=IS_RETRY,
    )
    op.create_table(
        "owners",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owners")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feedback",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_feedback")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_feedback_session", "feedback", ["session_id"])
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_session", "notes", ["session_id", "at"])
    op.create_index("ix_notes_at", "notes", ["at"])


def downgrade() -> None:
    for table in ("notes", "feedback", "owners"):
        op.drop_table(table)
    with op.batch_alter_table("messages") as batch_op:
        batch_op.drop_index("ix_messages_retry")
        batch_op.drop_column("owner")
