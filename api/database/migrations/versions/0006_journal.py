"""a journal, through which pieces go into the log

Revision: 0006, after: 0005. Made: 2026-11-29 08:40:00.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    # The version before knows of no journal: what a killed process left in it goes into the log first.
    op.execute(
        "INSERT INTO events (session_id, seq, kind, message_id, at, body)"
        " SELECT json_extract(a.value, '$[0]'), json_extract(a.value, '$[1]'), 'piece',"
        " json_extract(a.value, '$[2]'), json_extract(a.value, '$[3]'), json_extract(a.value, '$[4]')"
        " FROM journal AS j, json_each(j.body) AS a WHERE true ORDER BY 1, 2 ON CONFLICT DO NOTHING"
    )
    op.drop_table("journal")
