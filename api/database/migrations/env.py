"""Alembic's entry: runs the migrations on the connection that `api.database.migrate` hands over."""

from alembic import context

from api.database.tables import belongs_to, is_described, metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_name=is_described,
    include_object=belongs_to(connection.dialect.name),
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
