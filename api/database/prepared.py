"""Statements that are compiled once, and then go to the driver as they are.

Whatever is done for every message is done by these. Built anew each time, and executed by SQLAlchemy, such a
statement takes ten times what the database needs for it.
"""

from collections import namedtuple
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Insert, Table, bindparam, insert
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import Executable

Values = dict[str, Any]  # what the columns hold, as the driver takes it
Row = Any  # a named tuple with what the statement selects

STEP = 16
"""Each may hold a megabyte."""


class Prepared:
    """A statement, whose parameters are named by `bindparam`. It runs in a transaction that has begun.

    Values and what comes of them are as the driver has them: columns of types that SQLAlchemy has to convert
    are not for this. Where PostgreSQL needs other words than SQLite, it has a statement of its own.
    """

    def __init__(
        self, statement: Executable, *, postgresql: Executable | None = None, step: int = STEP
    ) -> None:
        """`step`: so many rows are in memory at a time, where they are read one by one."""
        self.statement = statement
        self._step = step
        self._of = {} if postgresql is None else {"postgresql": postgresql}
        self._compiled: dict[str, _Compiled] = {}

    def first(self, connection: Connection, **values: Any) -> Row | None:
        """The first row, or None; there should be no more."""
        rows = self.all(connection, **values)
        return rows[0] if rows else None

    def all(self, connection: Connection, **values: Any) -> list[Row]:
        compiled = self._for(connection)
        with closing(compiled.executed(connection, compiled.given(values))) as cursor:
            return list(map(compiled.row(cursor), cursor.fetchall()))

    def each(self, connection: Connection, **values: Any) -> Generator[Row]:
        """The rows as they are asked for. Close it, if not all of them are."""
        compiled = self._for(connection)
        with closing(compiled.executed(connection, compiled.given(values), steps=self._step)) as cursor:
            row, rows = compiled.row(cursor), iter(cursor)
            while (found := compiled.next_of(rows)) is not None:
                yield row(found)

    def do(self, connection: Connection, **values: Any) -> int:
        """How many rows were changed."""
        compiled = self._for(connection)
        with closing(compiled.executed(connection, compiled.given(values))) as cursor:
            return int(cursor.rowcount)

    def do_each(self, connection: Connection, many: Iterable[Values]) -> None:
        compiled = self._for(connection)
        compiled.executed(connection, list(map(compiled.given, many)), many=True).close()

    def _for(self, connection: Connection) -> "_Compiled":
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            statement = self._of.get(dialect.name, self.statement)
            found = self._compiled[dialect.name] = _Compiled(statement, connection)
        return found


def inserting(table: Table) -> Insert:
    """A row of which every column is given."""
    return insert(table).values({column.name: bindparam(column.name) for column in table.columns})


class _Compiled:
    """A statement in the words of one kind of database."""

    def __init__(self, statement: Executable, connection: Connection) -> None:
        dialect = connection.dialect
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # each one here can
        self._sql = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or compiled.bind_names.values())
        self._by_place = bool(compiled.positional)
        asked = {name for parameter, name in compiled.bind_names.items() if parameter.required}
        self._fixed: Values = {name: value for name, value in compiled.params.items() if name not in asked}
        self._driver: Any = dialect.loaded_dbapi
        self._row: Callable[[Any], Row] | None = None

    def given(self, values: Values) -> Any:
        """The values as the driver takes them, in the statement's order or by name; each must be there."""
        fixed = self._fixed
        found = [values[name] if name in values else fixed[name] for name in self._names]
        return tuple(found) if self._by_place else dict(zip(self._names, found, strict=True))

    def executed(self, connection: Connection, given: Any, **how: Any) -> Any:
        """A cursor of the driver's."""
        try:
            return _execute(connection, self._sql, given, **how)
        except self._driver.Error as error:
            raise _as_sqlalchemy_has_it(error, self._sql, self._driver) from error

    def next_of(self, rows: Iterator[Any]) -> Any:
        try:
            return next(rows, None)
        except self._driver.Error as error:
            raise _as_sqlalchemy_has_it(error, self._sql, self._driver) from error

    def row(self, cursor: DBAPICursor) -> Callable[[Any], Row]:
        """Makes a row of what the driver has for one. What it is named by comes with the first execution."""
        if self._row is None:
            names = [column[0] for column in cursor.description or ()]
            named: Any = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024 - the statement's own names
            self._row = named._make
        return self._row


def _execute(
    connection: Connection, sql: str, given: Any, *, many: bool = False, steps: int = 0
) -> DBAPICursor:
    """`steps`: rows are asked for while they are read. PostgreSQL would send all that there are at once."""
    driver: Any = connection.connection.driver_connection
    in_steps = steps > 0 and connection.dialect.name == "postgresql"
    cursor = driver.cursor(name="steps") if in_steps else driver.cursor()
    try:
        if many:
            cursor.executemany(sql, given)
        else:
            cursor.execute(sql, given)
    except BaseException:
        cursor.close()
        raise
    if in_steps:
        cursor.itersize = steps
    found: DBAPICursor = cursor
    return found


def _as_sqlalchemy_has_it(error: Exception, sql: str, driver: Any) -> DBAPIError:
    """So that whoever handles errors need not know how a statement was executed."""
    made = DBAPIError.instance(sql, None, error, driver.Error, hide_parameters=True)
    assert isinstance(made, DBAPIError)  # noqa: S101 - for mypy: an error of the driver's is one
    return made
