"""What is asked all the time is found by an index, however long the history is."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event

from api.core.notes import What
from api.core.records import Verdict
from api.database import prepared
from api.database.writer import Transaction
from tests.support.backends import Backend, Sent

pytestmark = pytest.mark.anyio

Ask = Callable[[Backend, Sent], Awaitable[Any]]


async def retried_twice(backend: Backend, sent: Sent) -> None:
    await backend.attempt(sent)
    await backend.retry(sent.answer_id)


async def noting(backend: Backend, sent: Sent) -> None:
    backend.notes.note(What.STARTED, message_id=sent.answer_id)
    backend.notes.note(What.FOLLOWER_LEFT, session_id=sent.session_id)
    await backend.notes.flushed()


ASKED: dict[str, Ask] = {
    "sending": lambda backend, sent: backend.exchange(session=sent.session_id, generations=3),
    "a repetition": lambda backend, sent: backend.send(key="k"),
    "a retry": lambda backend, sent: backend.retry(sent.answer_id, generations=3),
    "a retry of what was retried": retried_twice,
    "what runs": lambda backend, sent: backend.store.leases(),
    "what runs in a session": lambda backend, sent: backend.store.lease(sent.session_id),
    "a beat": lambda backend, sent: backend.store.beat("own", 2),
    "the newest page": lambda backend, sent: backend.store.page("ann", sent.session_id, 50, None),
    "an older page": lambda backend, sent: backend.store.page("ann", sent.session_id, 50, sent.answer_id),
    "a page with all attempts": lambda backend, sent: backend.store.page(
        "ann", sent.session_id, 50, sent.answer_id, superseded=True
    ),
    "one message": lambda backend, sent: backend.store.message("ann", sent.answer_id),
    "the sessions": lambda backend, sent: backend.store.sessions("ann", 50),
    "more sessions": lambda backend, sent: backend.store.sessions("ann", 50, before=(backend.clock(), "x")),
    "the log": lambda backend, sent: backend.events(sent.session_id),
    "its state": lambda backend, sent: backend.log.state(sent.session_id),
    "a record": lambda backend, sent: backend.notes.trace("ann", sent.session_id, sent.answer_id),
    "a question's record": lambda backend, sent: backend.notes.trace(
        "ann", sent.session_id, sent.accepted.user_message_id
    ),
    "noting": noting,
    "ageing notes": lambda backend, sent: backend.notes.age(backend.clock()),
    "purging": lambda backend, sent: backend.store.purge(backend.clock() - timedelta(hours=1)),
    "judging": lambda backend, sent: backend.archive.judge(
        "ann", sent.session_id, sent.answer_id, Verdict.UP, None
    ),
    "exporting": lambda backend, sent: backend.archive.keeps("ann", sent.session_id, 0),
    "making a link": lambda backend, sent: backend.links.keep("digest", "ann", backend.clock()),
    "using a link": lambda backend, sent: backend.links.take("digest", backend.clock()),
    "links that expire": lambda backend, sent: backend.links.expire(backend.clock()),
    "indexing": lambda backend, sent: backend.indexed(),
    "indexing one's own": lambda backend, sent: backend.archive.index("ann"),
    "forgetting": lambda backend, sent: backend.archive.forget("ann"),
    "erasing": lambda backend, sent: erased(backend, sent.session_id),
}


async def erased(backend: Backend, session_id: str) -> None:
    await backend.store.delete("ann", session_id)
    await backend.store.purge(backend.clock() + timedelta(hours=1))


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
async def test_no_table_is_read_from_end_to_end(
    backend: Backend, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await backend.exchange(key="k")
    asked: list[tuple[str, Any]] = []
    execute = prepared._execute

    def noting(connection: Connection, sql: str, given: Any, **how: bool) -> Any:
        asked.extend((sql, each) for each in (given if how.get("many") else [given]))
        return execute(connection, sql, given, **how)

    monkeypatch.setattr(prepared, "_execute", noting)

    def note(*call: Any) -> None:
        asked.extend((call[2], each) for each in (call[3] if call[5] else [call[3]]))

    engines = (backend.database.readers.engine, backend.database.writing)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    await ask(backend, sent)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)

    found = [each for each in asked if each[0].startswith(("SELECT", "UPDATE", "DELETE"))]
    assert found
    for statement, values in found:
        steps = await plan(backend, statement, values)
        assert not list(filter(whole, steps)), f"{steps}: {statement}"
        assert not list(filter(is_sorted, steps)), f"sorted, not walked: {steps}: {statement}"


FEW = {
    "ix_messages_running",
    "owners",  # the processes
    "unindexed",  # what was said in a few seconds
    "forgetting",  # users who want to be forgotten just now
    "meta",
}


def whole(step: str) -> bool:
    """Whether a table is read from its beginning to its end that may be long."""
    words = set(step.replace("(", " ").split())
    if step.startswith("SCAN"):  # as SQLite says it; VIRTUAL: what was given, as a list
        return not words & (FEW | {"CONSTANT", "VIRTUAL"})
    return "Seq Scan on" in step and not words & (FEW | {"pg_inherits", "pg_class"})


def is_sorted(step: str) -> bool:
    """What comes in order but for some of the same time may be."""
    return "TEMP B-TREE" in step or step.strip(" ->").startswith("Sort  (")


async def plan(backend: Backend, statement: str, values: Any) -> list[str]:
    """How the database goes about it. PostgreSQL is told not to do what it likes best with few rows."""

    def explain(transaction: Transaction) -> list[str]:
        connection = transaction.connection
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            return [str(row[-1]) for row in rows]
        for liking in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):
            connection.exec_driver_sql(f"SET LOCAL enable_{liking} = off")
        return list(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())

    return await backend.change(explain)
