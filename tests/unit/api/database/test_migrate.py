"""The database comes into the shape that this version needs, after a copy of what was there."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from api.database import migrate as migrate_module
from api.database.epoch import open_epoch
from api.database.migrate import NewerDatabaseError, configured, migrate
from api.database.tables import metadata, tables_of
from tests.support.clocks import CountedIds
from tests.support.datafolders import epoch

INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
LATER = '''
"""a later shape"""
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("users", sa.Column("shoe_size", sa.Integer()))
    {more}
'''


def later(monkeypatch: pytest.MonkeyPatch, folder: Path, before: str, more: str = "") -> None:
    """Makes this version one that has a migration more."""
    migrations = folder / "migrations"
    shutil.copytree(migrate_module.MIGRATIONS, migrations)
    (migrations / "versions" / "9999_later.py").write_text(LATER.format(before=before, more=more))
    monkeypatch.setattr(migrate_module, "MIGRATIONS", migrations)


def revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def users(file: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT id, created_at FROM users").fetchall()


@pytest.fixture
def head(engine: Engine, tmp_path: Path) -> str:
    """The newest shape; the database has it and holds one user."""
    assert migrate(engine, tmp_path / "backups") is None
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO users VALUES ('ann', 1)"))
    found = revision(engine)
    assert found is not None
    return found


def test_a_fresh_database_needs_no_copy(engine: Engine, head: str, tmp_path: Path) -> None:
    assert {"sessions", "messages", "events", "sends"} <= set(inspect(engine).get_table_names())
    assert not (tmp_path / "backups").exists()
    assert revision(engine) == head


def test_migrating_again_does_nothing(engine: Engine, head: str, tmp_path: Path) -> None:
    assert migrate(engine, tmp_path / "backups") is None
    assert revision(engine) == head


@pytest.mark.usefixtures("head")
def test_the_migrations_make_the_very_indexes(engine: Engine) -> None:
    """A comparison of what is described and what is there does not look at their conditions."""
    with engine.connect() as connection:
        listed = connection.execute(text(INDEXES))
        migrated = {name: " ".join(sql.split()) for name, sql in listed}
        metadata.drop_all(connection, tables_of("sqlite"))
        metadata.create_all(connection, tables_of("sqlite"))
        listed = connection.execute(text(INDEXES))
        assert migrated == {name: " ".join(sql.split()) for name, sql in listed}


def test_links_come_and_go_by_a_migration_of_their_own(engine: Engine, head: str, tmp_path: Path) -> None:
    """What links there were goes; nothing else does."""
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO identity_links VALUES ('d', 'ann', 1)"))
        command.downgrade(configured(connection), "0004")
        connection.commit()
    assert "identity_links" not in inspect(engine).get_table_names()
    assert migrate(engine, tmp_path / "backups") is not None
    assert revision(engine) == head
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM users")).all() == [("ann",)]
        assert connection.execute(text("SELECT * FROM identity_links")).all() == []


def test_the_journal_goes_into_the_log_before_it_goes(engine: Engine, head: str, tmp_path: Path) -> None:
    with engine.connect() as connection:
        for body in ('[["s",3,"m",0,"a"],["t",3,"n",0,"x"]]', '[["s",4,"m",1,"b"]]'):
            connection.execute(text("INSERT INTO journal (body) VALUES (:body)"), {"body": body})
        connection.execute(text("INSERT INTO events VALUES ('s', 3, 'piece', 'm', 0, 'a', 0)"))
        command.downgrade(configured(connection), "0005")
        connection.commit()
        assert "journal" not in inspect(connection).get_table_names()
        found = connection.execute(text("SELECT session_id, seq, kind, message_id, at, body FROM events"))
        assert found.all() == [
            ("s", 3, "piece", "m", 0, "a"),
            ("s", 4, "piece", "m", 1, "b"),
            ("t", 3, "piece", "n", 0, "x"),
        ]
    assert migrate(engine, tmp_path / "backups") is not None
    assert revision(engine) == head


def test_before_a_later_migration_a_copy_is_made(
    engine: Engine, head: str, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, tmp_path, head)
    copy = migrate(engine, tmp_path / "backups")
    assert copy is not None
    assert (copy.parent, head in copy.name) == (tmp_path / "backups", True)
    assert users(copy) == users(file) == [("ann", 1)]
    assert revision(engine) == "9999"
    assert "shoe_size" in {column["name"] for column in inspect(engine).get_columns("users")}
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(head,)]


def test_whoever_goes_back_to_the_copy_begins_a_new_epoch(
    engine: Engine, head: str, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_epoch(engine, CountedIds(), "")
    later(monkeypatch, tmp_path, head)
    copy = migrate(engine, tmp_path / "backups")
    assert copy is not None
    assert epoch(copy) is None
    assert epoch(file) is not None


def test_a_copy_that_cannot_be_made_leaves_nothing_and_nothing_is_migrated(
    engine: Engine, head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(file: Path) -> None:
        raise OSError(file)

    monkeypatch.setattr(migrate_module, "begin_anew", broken)
    later(monkeypatch, tmp_path, head)
    with pytest.raises(OSError, match="steadychat"):
        migrate(engine, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []
    assert revision(engine) == head


def test_a_migration_that_fails_changes_nothing(
    engine: Engine, head: str, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, tmp_path, head, "raise RuntimeError")
    with pytest.raises(RuntimeError):
        migrate(engine, tmp_path / "backups")
    assert revision(engine) == head
    assert "shoe_size" not in {column["name"] for column in inspect(engine).get_columns("users")}
    assert users(file) == [("ann", 1)]


def test_a_newer_shape_is_refused_and_left_as_it_is(
    engine: Engine, head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer_version:
        later(newer_version, tmp_path, head)
        migrate(engine, tmp_path / "backups")
    with pytest.raises(NewerDatabaseError, match="newer Steadychat"):
        migrate(engine, tmp_path / "backups")
    assert revision(engine) == "9999"
    assert len(list((tmp_path / "backups").iterdir())) == 1
