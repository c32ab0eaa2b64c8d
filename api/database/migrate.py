"""Brings the database to the shape that this version needs, after a copy of what was there."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from api.database.copy import begin_anew

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerDatabaseError(Exception):
    """The database was written by a newer version of Steadychat."""


def migrate(engine: Engine, backups: Path) -> Path | None:
    """Applies what is missing. Returns the copy that was made before, if there was anything to copy.

    Of several servers that start at once one does it. PostgreSQL is copied by its own tools, before a new
    version is started.
    """
    with engine.connect() as connection:
        _be_alone(connection)
        current = require_known(connection)
        copy = None
        if current != ScriptDirectory(str(MIGRATIONS)).get_current_head():
            if current and connection.dialect.name == "sqlite":
                connection.rollback()  # it is copied outside of any transaction
                copy = _back_up(connection, backups, current)
            command.upgrade(configured(connection), "head")
        connection.commit()
    return copy


def _be_alone(connection: Connection) -> None:
    """Until the end of the transaction, however long others take: SQLite knows nobody else."""
    if connection.dialect.name == "postgresql":
        for setting in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {setting} = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('steadychat migrations', 0))"))


def configured(connection: Connection) -> Config:
    """For Alembic's commands: what they do goes through this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def require_known(connection: Connection) -> str | None:
    """The shape that the database has; None if it has none yet. Raises NewerDatabaseError."""
    revision = MigrationContext.configure(connection).get_current_revision()
    script = ScriptDirectory(str(MIGRATIONS))
    if revision is not None and revision not in {known.revision for known in script.walk_revisions()}:
        raise NewerDatabaseError(
            f"the database has the shape {revision!r}, which this version does not know: "
            "it was used by a newer Steadychat. Install that version again, or choose another "
            "STEADYCHAT_DATA_DIR."
        )
    return revision


def _back_up(connection: Connection, backups: Path, revision: str) -> Path:
    """A consistent copy beside the database, in `backups`, named by its shape and the time."""
    backups.mkdir(parents=True, exist_ok=True)
    target = backups / f"steadychat-{revision}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.db"
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - for mypy: the connection is open
    try:
        driver.execute("VACUUM INTO ?", (str(target),))
        begin_anew(target)  # whoever goes back to it goes back in time
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target
