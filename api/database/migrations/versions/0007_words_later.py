"""messages whose words are still to be indexed

Revision: 0007, after: 0006. Made: 2026-11-29 19:30:00.
"""

import sqlalchemy as sa
from alembic import op

from api.core.words import owners_terms

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BATCH = 500


def upgrade() -> None:
    op.create_table(
        "unindexed",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "message_id", name=op.f("pk_unindexed")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    # The version before indexes each message when it is written, and never again.
    if op.get_bind().dialect.name == "sqlite":
        _index(op.get_bind())
    op.drop_table("unindexed")


def _index(connection: sa.Connection) -> None:
    some = sa.text(
        "SELECT messages.id, user_id, content FROM unindexed JOIN messages ON messages.id = message_id"
        " WHERE messages.id > :last ORDER BY messages.id LIMIT :limit"
    )
    last = ""
    while rows := connection.execute(some, {"last": last, "limit": BATCH}).all():
        for row in rows:
            entry = connection.execute(
                sa.text("INSERT INTO searchable (message_id) VALUES (:id) RETURNING id"), {"id": row.id}
            ).scalar_one()
            connection.execute(
                sa.text("INSERT INTO search_words (rowid, terms) VALUES (:entry, :terms)"),
                {"entry": entry, "terms": owners_terms(row.user_id, row.content)},
            )
        last = rows[-1].id
