"""Commits that fail, in each of the ways in which a commit can."""

import sqlite3
from collections import deque
from enum import Enum
from typing import Any

import pytest
from sqlalchemy import Engine


class Fails(Enum):
    """What a commit does before it raises."""

    UNDONE = "everything is rolled back"
    MADE = "it is committed all the same"
    HALF_OPEN = "the transaction stays open"


class Commits:
    """Of an engine's next commits those that `fail` names; the others are made as ever."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.next: deque[Fails | None] = deque()
        self.made = 0
        self._commit = engine.dialect.do_commit
        monkeypatch.setattr(engine.dialect, "do_commit", self._do)

    def fail(self, *how: Fails | None) -> None:
        self.next.extend(how)

    def _do(self, connection: Any) -> None:  # Any: a driver's connection in SQLAlchemy's proxy
        how = self.next.popleft() if self.next else None
        if how is Fails.UNDONE:
            connection.rollback()
        elif how is not Fails.HALF_OPEN:
            self._commit(connection)
            self.made += 1
        if how is not None:
            error = sqlite3.OperationalError(how.value)
            error.sqlite_errorname = "SQLITE_FULL"
            raise error
