"""Statements that go to the driver as they are behave as those that SQLAlchemy executes."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from api.database.prepared import Prepared, inserting

marks = Table(
    "marks",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("mark", String),
    Column("kind", String, nullable=False),
)
ADD = Prepared(inserting(marks))
ALL = Prepared(select(marks).order_by(marks.c.number))
OF = Prepared(select(marks).where(marks.c.number == bindparam("number")))
KIND = Prepared(update(marks).where(marks.c.kind == bindparam("before")).values(kind=bindparam("after")))


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        with connection.begin():
            marks.create(connection)
            ADD.do_each(
                connection, [{"number": each, "mark": f"m{each}", "kind": "old"} for each in (1, 2, 3)]
            )
        with connection.begin():
            yield connection


def numbers(connection: Connection) -> list[int]:
    return [row.number for row in ALL.all(connection)]


def test_rows_have_the_names_of_what_is_selected(connection: Connection) -> None:
    row = OF.first(connection, number=2)
    assert row is not None
    assert (row.number, row.mark, row.kind) == (2, "m2", "old")
    assert row == (2, "m2", "old")
    counted = Prepared(
        select(func.count().label("many"), func.max(marks.c.number).label("last")).select_from(marks)
    )
    found = counted.first(connection)
    assert found is not None
    assert (found.many, found.last) == (3, 3)


def test_all_of_nothing_and_the_first_of_nothing(connection: Connection) -> None:
    assert OF.all(connection, number=9) == []
    assert OF.first(connection, number=9) is None


def test_rows_are_what_sqlalchemy_would_return(connection: Connection) -> None:
    assert ALL.all(connection) == [tuple(row) for row in connection.execute(ALL.statement)]


@pytest.mark.parametrize("given", [{}, {"before": "old"}, {"after": "new", "befor": "old"}])
def test_a_value_that_is_missing_is_an_error_that_names_it(
    connection: Connection, given: dict[str, Any]
) -> None:
    missing = "after" if "after" not in given else "before"
    with pytest.raises(KeyError, match=missing):
        KIND.do(connection, **given)
    with pytest.raises(KeyError, match="kind"):
        ADD.do_each(connection, [{"number": 7, "mark": "m"}])
    assert [row.kind for row in ALL.all(connection)] == ["old", "old", "old"]


def test_values_that_are_written_in_the_statement_stay(connection: Connection) -> None:
    fixed = Prepared(
        update(marks)
        .where(marks.c.number > 1, marks.c.kind != literal_column("'gone'"))
        .values(kind="new", mark=bindparam("mark"))
    )
    assert fixed.do(connection, mark="x") == 2
    assert [(row.mark, row.kind) for row in ALL.all(connection)] == [
        ("m1", "old"),
        ("x", "new"),
        ("x", "new"),
    ]


def test_one_value_may_stand_in_several_places(connection: Connection) -> None:
    both = select(marks.c.number).where((marks.c.mark == bindparam("it")) | (marks.c.kind == bindparam("it")))
    assert [row.number for row in Prepared(both).all(connection, it="m3")] == [3]


def test_none_that_is_given_is_null(connection: Connection) -> None:
    ADD.do(connection, number=4, mark=None, kind="old")
    assert OF.first(connection, number=4) == (4, None, "old")
    assert connection.scalar(text("SELECT count(*) FROM marks WHERE mark IS NULL")) == 1


def test_it_tells_how_many_rows_were_changed(connection: Connection) -> None:
    assert KIND.do(connection, before="old", after="new") == 3
    assert KIND.do(connection, before="old", after="new") == 0
    assert ADD.do(connection, number=4, mark="m", kind="old") == 1
    assert Prepared(delete(marks).where(marks.c.number > bindparam("above"))).do(connection, above=2) == 2


def test_many_may_be_none(connection: Connection) -> None:
    ADD.do_each(connection, [])
    ADD.do_each(connection, iter([{"number": 4, "mark": None, "kind": "k"}]))
    assert numbers(connection) == [1, 2, 3, 4]


def test_a_change_that_returns_its_rows_is_made_whole(connection: Connection) -> None:
    """Also if only the first of them is asked for."""
    changed = Prepared(update(marks).values(kind=bindparam("kind")).returning(marks.c.number))
    assert changed.first(connection, kind="new") is not None
    assert {row.kind for row in ALL.all(connection)} == {"new"}


def test_rows_come_as_they_are_asked_for(connection: Connection) -> None:
    rows = ALL.each(connection)
    assert next(rows).number == 1
    ADD.do(connection, number=4, mark="m", kind="k")
    assert [row.number for row in rows] == [2, 3, 4]


def test_rows_that_are_closed_early_hold_nothing(connection: Connection) -> None:
    """SQLite drops no table that a cursor is still reading."""
    drop = text("DROP TABLE marks")
    rows = ALL.each(connection)
    next(rows)
    with pytest.raises(OperationalError, match="locked"):
        connection.execute(drop)
    rows.close()
    connection.execute(drop)


def test_what_was_compiled_serves_other_connections(engine: Engine, connection: Connection) -> None:
    assert numbers(connection) == [1, 2, 3]
    connection.commit()
    connection.close()
    engine.dispose()
    with engine.begin() as another:
        assert numbers(another) == [1, 2, 3]


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (ADD, {"number": 1, "mark": "m", "kind": "twice"}),
        (ADD, {"number": 7, "mark": "m", "kind": None}),
        (ADD, {"number": 7, "mark": object(), "kind": "not for a database"}),
        (ADD, {"number": "no number", "mark": "m", "kind": "k"}),
        (Prepared(select(literal_column("1")).select_from(text("nowhere"))), {}),
    ],
    ids=["twice", "null", "type", "datatype", "no table"],
)
def test_an_error_is_the_one_that_sqlalchemy_would_raise(
    connection: Connection, statement: Prepared, values: dict[str, Any]
) -> None:
    with pytest.raises(DBAPIError) as expected, connection.begin_nested():
        connection.execute(statement.statement, values)
    for attempt in (lambda: statement.do(connection, **values), lambda: statement.all(connection, **values)):
        with pytest.raises(DBAPIError) as found:
            attempt()
        assert type(found.value) is type(expected.value)
        assert type(found.value.orig) is type(expected.value.orig)
        assert str(found.value.orig) == str(expected.value.orig)
        assert found.value.__cause__ is found.value.orig


def test_an_error_of_many_is_sqlalchemys_too_and_tells_no_values(connection: Connection) -> None:
    with pytest.raises(IntegrityError) as found:
        ADD.do_each(connection, [{"number": 1, "mark": "somebody's words", "kind": "k"}])
    assert isinstance(found.value.orig, sqlite3.IntegrityError)
    assert "somebody's words" not in str(found.value)
