"""The full-text index reads only what its owner said, and lets nothing of it lie when it goes."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from api.core.query import parse
from api.core.words import owners_term
from api.database.tables import meta
from api.database.writer import Transaction
from api.store import fts5
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio

WORD = "ornithorhynchus"


async def plan(backend: Backend, text: str) -> list[str]:
    """How SQLite goes about a search."""
    asked: list[tuple[str, Any]] = []
    readers = backend.database.readers.engine

    def note(*call: Any) -> None:
        asked.append((call[2], call[3]))

    event.listen(readers, "before_cursor_execute", note)
    await backend.archive.search("ann", parse(text), 10)
    event.remove(readers, "before_cursor_execute", note)

    def explain(transaction: Transaction) -> list[str]:
        return [
            str(row[-1])
            for statement, values in asked
            for row in transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]

    return await backend.change(explain)


async def test_a_search_goes_from_the_words_of_the_owner_to_single_rows(backend: Backend) -> None:
    await backend.exchange("a heron")
    steps = await plan(backend, "a her")
    assert any("VIRTUAL TABLE" in step and ":M1" in step for step in steps)
    for step in steps:
        words_or_few = "VIRTUAL TABLE" in step or step.startswith("SCAN (subquery")
        assert words_or_few or not step.startswith("SCAN"), steps
    assert sum("TEMP B-TREE" in step for step in steps) == 1  # the best of the candidates


async def test_no_term_is_without_its_owners_mark(backend: Backend) -> None:
    await backend.exchange("A heron.", content="one two")
    await backend.exchange("A heron.", content="one two", user="bob")
    await backend.indexed()
    marks = tuple(owners_term(user, "") for user in ("ann", "bob"))
    terms = await backend.change(vocabulary)
    assert len(terms) == 8
    assert all(term.startswith(marks) for term in terms)


def vocabulary(transaction: Transaction) -> Sequence[str]:
    connection = transaction.connection
    connection.exec_driver_sql(
        "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, search_words, row)"
    )
    found = [row.term for row in connection.exec_driver_sql("SELECT term FROM temp.vocabulary")]
    connection.exec_driver_sql("DROP TABLE temp.vocabulary")
    return found


async def state(backend: Backend) -> str | None:
    def read(transaction: Transaction) -> str | None:
        return transaction.connection.execute(select(meta.c.value).where(meta.c.key == fts5.STATE)).scalar()

    return await backend.change(read)


def words_lie_in(file: Path) -> bool:
    """Whether any byte of the database tells of the word, once all of it is in one file."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return WORD[2:].encode() in file.read_bytes()  # its beginning may be shared with the term before


async def erased(backend: Backend) -> int:
    """Erases all that was deleted; returns how many steps it took."""
    steps = 1
    while await backend.store.purge(backend.clock() + timedelta(seconds=1)):
        steps += 1
    return steps


async def test_nothing_of_what_was_erased_lies_in_the_file_any_more(backend: Backend, tmp_path: Path) -> None:
    for _ in range(20):
        await backend.exchange("A heron.")
    sent = await backend.exchange(f"The {WORD} is no heron.")
    for _ in range(20):
        await backend.exchange("A heron.")
    await backend.indexed()
    await backend.store.delete("ann", sent.session_id)
    assert words_lie_in(tmp_path / "chat.db")
    await erased(backend)
    assert not words_lie_in(tmp_path / "chat.db")
    assert len(await backend.archive.search("ann", parse("heron"), 200)) == 40


async def test_what_is_erased_while_the_last_is_still_cleared_away_is_cleared_away_as_well(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fts5, "MERGE_PAGES", 1)
    for number in range(60):
        await backend.exchange(" ".join(f"word{number}{i}" for i in range(300)))
    first, second = await backend.exchange("heron"), await backend.exchange(WORD)
    await backend.indexed()
    await backend.store.delete("ann", first.session_id)
    states = [await step(backend) for _ in range(5)]
    assert states[-1] == fts5.GOING
    await backend.store.delete("ann", second.session_id)
    while (found := await step(backend)) != fts5.AGAIN:
        assert found == fts5.GOING
    assert await erased(backend) > 5
    assert await state(backend) is None
    assert not words_lie_in(tmp_path / "chat.db")


async def step(backend: Backend) -> str | None:
    await backend.store.purge(backend.clock() + timedelta(seconds=1))
    return await state(backend)


async def test_where_nothing_was_erased_nothing_is_cleared_away(backend: Backend) -> None:
    for _ in range(5):
        await backend.exchange("A heron.")
    await backend.indexed()
    assert await erased(backend) == 1
