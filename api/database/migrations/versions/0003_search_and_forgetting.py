"""search, and users who are forgotten

Revision: 0003, after: 0002. Made: 2026-11-22 20:30:00.
"""

import sqlalchemy as sa
from alembic import op

from api.core.words import owners_terms

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 500


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_searchable()
    for table, key in (("spent", "key"), ("forgetting", "user_id")):
        op.create_table(
            table,
            sa.Column(key, sa.String(), nullable=False),
            sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
    op.create_index(
        "ix_sessions_leaving",
        "sessions",
        ["user_id"],
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def _make_searchable() -> None:
    op.create_table(
        "searchable",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searchable")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_searchable_message", "searchable", ["message_id"], unique=True)
    # No text is kept a second time. Terms come ready-made, so nothing but their spaces is to be seen.
    op.execute("CREATE VIRTUAL TABLE search_words USING fts5(terms, content='', tokenize='ascii')")
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """Makes what is there already findable, in the order of its age, which is that of the ids."""
    some = sa.text(
        "SELECT messages.id, user_id, content FROM messages JOIN sessions ON sessions.id = session_id"
        " WHERE messages.id > :last AND deleted_at IS NULL AND content != ''"
        " AND status NOT IN ('pending', 'streaming') ORDER BY messages.id LIMIT :limit"
    )
    rows = connection.execute(some, {"last": "", "limit": BATCH}).all()
    while rows:
        for row in rows:
            entry = connection.execute(
                sa.text("INSERT INTO searchable (message_id) VALUES (:id) RETURNING id"), {"id": row.id}
            ).scalar_one()
            connection.execute(
                sa.text("INSERT INTO search_words (rowid, terms) VALUES (:entry, :terms)"),
                {"entry": entry, "terms": owners_terms(row.user_id, row.content)},
            )
        rows = connection.execute(some, {"last": rows[-1].id, "limit": BATCH}).all()


def downgrade() -> None:
    op.drop_index("ix_sessions_leaving", "sessions")
    search = ("search_words", "searchable") if op.get_bind().dialect.name == "sqlite" else ()
    for table in ("forgetting", "spent", *search):
        op.drop_table(table)
