"""Each step of the database's shape leads on and back, and loses nothing of what people have said."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from api.database import migrate as migrating
from api.database.engine import writing_engine
from api.database.migrate import configured, migrate
from api.database.tables import belongs_to, is_described, metadata
from api.documents import shared_rows
from api.documents.model import Document
from tests.support import postgres
from tests.support.backends import NAMES

SHAPES = [shape.revision for shape in ScriptDirectory(str(migrating.MIGRATIONS)).walk_revisions()]

SAID = (
    "INSERT INTO users VALUES ('ann', 1)",
    """
    INSERT INTO sessions (id, user_id, title, chain, revision, created_at, updated_at, message_count,
    last_message_preview, last_index, seq) VALUES ('s', 'ann', 'Birds', 'rag', 1, 1, 1, 2, 'Grey.', 2, 9)
    """,
    *(
        "INSERT INTO messages (id, session_id, number, role, status, content, created_at, created_seq)"
        f" VALUES ('{name}', 's', {number}, '{role}', 'complete', '{content}', 1, 6)"
        for name, number, role, content in (("q", 1, "user", "A heron?"), ("a", 2, "assistant", "Grey."))
    ),
    "INSERT INTO sends VALUES ('ann', 'k', 'send', 'd', 's', 'rag', 'q', 'a')",
)
EVENTS = ((6, "message", "q"), (7, "message", "a"), (8, "piece", "a"), (9, "end", "a"))


@contextmanager
def empty(name: str, folder: Path) -> Iterator[Engine]:
    with postgres.empty_database() if name == "postgresql" else sqlite(folder) as url:
        engine = writing_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'chat.db'}"


@pytest.fixture(params=NAMES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The newest shape, in which somebody has said something."""
    with empty(request.param, tmp_path) as engine:
        migrate(engine, tmp_path)
        with engine.begin() as connection:
            for each in SAID:
                connection.execute(text(each))
            hour = "FROM (0) TO (1)"
            if request.param == "postgresql":
                connection.execute(text(f"CREATE TABLE events_0 PARTITION OF events FOR VALUES {hour}"))
            for seq, kind, message in EVENTS:
                row = f"('s', {seq}, '{kind}', '{message}', 0, 'body')"
                columns = "session_id, seq, kind, message_id, at, body"
                connection.execute(text(f"INSERT INTO events ({columns}) VALUES {row}"))
        yield engine


def to(engine: Engine, shape: str) -> None:
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision() or ""
        connection.rollback()
        move = command.upgrade if current < shape != "base" else command.downgrade
        move(configured(connection), shape)
        connection.commit()


def said(engine: Engine) -> tuple[object, ...]:
    with engine.connect() as connection:
        return tuple(
            connection.execute(text(statement)).all()
            for statement in (
                "SELECT id, user_id, title, seq FROM sessions",
                "SELECT id, session_id, number, role, status, content FROM messages ORDER BY number",
                "SELECT seq, kind, message_id, body FROM events ORDER BY seq",
                "SELECT user_id, client_message_id, pending_message_id FROM sends",
            )
        )


@pytest.mark.parametrize("shape", SHAPES)
def test_whoever_goes_back_to_a_shape_and_on_again_has_lost_nothing(engine: Engine, shape: str) -> None:
    before = said(engine)
    to(engine, shape)
    assert said(engine) == before
    to(engine, SHAPES[0])
    assert said(engine) == before


def test_whoever_goes_back_before_the_first_has_nothing(engine: Engine) -> None:
    to(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    to(engine, SHAPES[0])
    assert said(engine) == ([], [], [], [])


def test_what_was_trimmed_is_known_to_the_version_before(engine: Engine) -> None:
    to(engine, "0007")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT trimmed FROM sessions")).scalar_one() == 5


def test_the_migrations_make_the_tables_that_the_code_describes(engine: Engine) -> None:
    with engine.connect() as connection:
        described = {"include_name": is_described, "include_object": belongs_to(connection.dialect.name)}
        context = MigrationContext.configure(connection, opts=described)
        assert compare_metadata(context, metadata) == []


def test_documents_are_kept_where_several_servers_may_be_and_go_with_their_shape(tmp_path: Path) -> None:
    with empty("postgresql", tmp_path) as engine:
        migrate(engine, tmp_path)
        made = Document("d", "t", "t.md", "text/markdown", 4, datetime(2030, 1, 1, tzinfo=UTC))
        for _ in range(2):
            with engine.begin() as connection:
                shared_rows.put(connection, [shared_rows.New(made, "digest", BytesIO(b"text"))])
                assert shared_rows.changes(connection, None).revision == 1
            to(engine, "0008")
            assert {"documents", "originals"}.isdisjoint(inspect(engine).get_table_names())
            to(engine, SHAPES[0])
