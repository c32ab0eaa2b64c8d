"""What is the database's fault is told in words that hold no path; what is not, is not."""

import sqlite3

import pytest
from sqlalchemy import exc
from structlog.testing import capture_logs

from api.database.moved import DatabaseMovedError
from api.database.trouble import WORDS, Trouble, in_words, is_trouble


def told(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("unable to open /secret/path")
    error.sqlite_errorname = name
    return error


def wrapped(kind: type[exc.DBAPIError], cause: Exception) -> exc.DBAPIError:
    return kind("INSERT …", {"content": "secret"}, cause)


@pytest.mark.parametrize("name", [*WORDS, "SQLITE_IOERR_SHMSIZE", "SQLITE_READONLY_DIRECTORY"])
def test_each_has_its_words(name: str) -> None:
    words = in_words(wrapped(exc.OperationalError, told(name)))
    assert words in WORDS.values()
    assert words == in_words(told(name))
    assert "secret" not in words


def test_a_file_that_moved_is_not_one_that_may_not_be_written() -> None:
    assert in_words(DatabaseMovedError("/secret/path")) == WORDS["SQLITE_READONLY_DBMOVED"]


def test_anything_else_is_told_without_its_own_words() -> None:
    assert in_words(wrapped(exc.OperationalError, told("SQLITE_ERROR"))) == "the database is away"
    assert in_words(exc.TimeoutError("pool /secret")) == "the database is away"


@pytest.mark.parametrize(
    ("error", "blamed"),
    [
        (wrapped(exc.OperationalError, told("SQLITE_FULL")), True),
        (wrapped(exc.DatabaseError, told("SQLITE_CORRUPT")), True),
        (wrapped(exc.InterfaceError, told("")), True),
        (told("SQLITE_IOERR"), True),
        (exc.TimeoutError(), True),
        (wrapped(exc.IntegrityError, told("SQLITE_CONSTRAINT")), False),
        (wrapped(exc.ProgrammingError, told("")), False),
        (exc.InvalidRequestError(), False),
        (TypeError(), False),
    ],
)
def test_whose_fault_it_is(error: Exception, blamed: bool) -> None:
    assert is_trouble(error) is blamed


def test_it_is_logged_when_it_comes_changes_and_goes() -> None:
    trouble = Trouble()
    with capture_logs() as noted:
        trouble.went()
        for name in ("SQLITE_BUSY", "SQLITE_BUSY", "SQLITE_FULL", "SQLITE_FULL"):
            trouble.came(told(name))
        trouble.went()
        trouble.went()
    assert [each.get("reason") for each in noted] == [
        WORDS["SQLITE_BUSY"],
        WORDS["SQLITE_FULL"],
        WORDS["SQLITE_FULL"],
    ]
    assert noted[-1]["event"] == "the database can be written again"
