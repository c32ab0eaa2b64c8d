"""notes are found by message, and those of followers by themselves

Revision: 0004, after: 0003. Made: 2026-11-22 20:45:00.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_notes_session", "notes")
    op.create_index("ix_notes_session", "notes", ["session_id", "message_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_notes_session", "notes")
    op.create_index("ix_notes_session", "notes", ["session_id", "at"])
