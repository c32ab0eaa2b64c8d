"""What was there before there was a search is found by it."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, inspect, text

from api.core.words import owners_term
from api.database.migrate import configured, migrate

COUNT = 1_100  # more than the migration reads at once, twice


@pytest.fixture
def before(engine: Engine) -> Engine:
    """A database of the shape before, with two users' messages."""
    with engine.connect() as connection:
        command.upgrade(configured(connection), "0002")
        for user in ("ann", "bob"):
            add_session(connection, user, f"{user}s")
        add_session(connection, "ann", "deleted", deleted_at=5)
        for number in range(COUNT):
            add_message(connection, f"m{number:05}", "anns", number, "a heron")
        add_message(connection, "m1", "bobs", 1, "a heron")
        add_message(connection, "gone", "deleted", 1, "a heron")
        add_message(connection, "empty", "bobs", 2, "")
        add_message(connection, "running", "bobs", 3, "a heron", "streaming")
        connection.commit()
    return engine


def add_session(connection: Connection, user: str, session: str, deleted_at: int | None = None) -> None:
    connection.execute(text("INSERT OR IGNORE INTO users VALUES (:user, 1)"), {"user": user})
    connection.execute(
        text(
            "INSERT INTO sessions (id, user_id, title, chain, revision, created_at, updated_at,"
            " message_count, last_message_preview, last_index, seq, trimmed, deleted_at)"
            " VALUES (:id, :user, '', 'rag', 1, 1, 1, 0, '', 0, 0, 0, :deleted_at)"
        ),
        {"id": session, "user": user, "deleted_at": deleted_at},
    )


def add_message(
    connection: Connection, message: str, session: str, number: int, content: str, status: str = "complete"
) -> None:
    connection.execute(
        text(
            "INSERT INTO messages (id, session_id, number, role, status, content, created_at, created_seq)"
            " VALUES (:id, :session, :number, 'user', :status, :content, 1, 1)"
        ),
        {"id": message, "session": session, "number": number, "status": status, "content": content},
    )


@pytest.mark.usefixtures("before")
def test_a_version_that_indexes_at_once_finds_what_still_waits(engine: Engine, tmp_path: Path) -> None:
    migrate(engine, tmp_path / "backups")
    waiting = [f"w{number:05}" for number in range(COUNT)]
    with engine.connect() as connection:
        for number, message in enumerate(waiting):
            add_message(connection, message, "bobs", 10 + number, "a heron")
            connection.execute(text("INSERT INTO unindexed VALUES ('bob', :id)"), {"id": message})
        command.downgrade(configured(connection), "0006")
        connection.commit()
        assert "unindexed" not in inspect(connection).get_table_names()
    assert found(engine, "bob") == ["m1", *waiting]
    assert migrate(engine, tmp_path / "backups") is not None
    assert found(engine, "bob") == ["m1", *waiting]


def found(engine: Engine, user: str) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT message_id FROM search_words JOIN searchable ON searchable.id = search_words.rowid"
                " WHERE search_words MATCH :term ORDER BY search_words.rowid"
            ),
            {"term": owners_term(user, "heron")},
        )
        return list(rows.scalars())


def test_all_that_has_ended_and_was_not_deleted_is_filled_in(before: Engine, tmp_path: Path) -> None:
    assert migrate(before, tmp_path / "backups") is not None
    assert found(before, "ann") == [f"m{number:05}" for number in range(COUNT)]
    assert found(before, "bob") == ["m1"]
