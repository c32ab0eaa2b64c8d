"""links that carry a user's chats to another browser

Revision: 0005, after: 0004. Made: 2026-11-28 23:00:00.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_links",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_identity_links")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identity_links_user", "identity_links", ["user_id", "expires_at"])
    op.create_index("ix_identity_links_expiry", "identity_links", ["expires_at"])


def downgrade() -> None:
    op.drop_table("identity_links")
