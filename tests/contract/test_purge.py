"""What was deleted is erased a little at a time, and nothing of it is left in the end."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, insert, select

from api.core.errors import ChatError
from api.core.query import parse
from api.database.tables import events, feedback, messages, notes, sends, tables_of, users
from api.database.writer import Transaction
from api.store import purge
from tests.support.backends import Backend, Sent

pytestmark = pytest.mark.anyio

KEPT = {"alembic_version", "meta", "sends"}  # an id of a send stays used for ever


async def purged(backend: Backend) -> list[dict[str, int]]:
    """Purges until nothing is left to do; returns how many rows each table had after each step."""
    counts = [await counted(backend)]
    while await backend.store.purge(backend.clock() + timedelta(seconds=1)):
        counts.append(await counted(backend))
    return counts


async def counted(backend: Backend) -> dict[str, int]:
    def count(transaction: Transaction) -> dict[str, int]:
        tables = tables_of(transaction.connection.dialect.name)
        found = {
            each.name: transaction.connection.execute(select(func.count()).select_from(each)).scalar_one()
            for each in tables
        }
        return {name: rows for name, rows in found.items() if rows}

    return await backend.change(count)


async def judged(backend: Backend, sent: Sent) -> None:
    """Leaves feedback and a note, as other rooms do."""

    def unit(transaction: Transaction) -> None:
        of_session = {"session_id": sent.session_id, "message_id": sent.answer_id}
        transaction.connection.execute(insert(feedback).values(**of_session, value="up", updated_at=1))
        transaction.connection.execute(
            insert(notes), [{**of_session, "at": 1, "what": "x", "detail": ""}] * 30
        )

    await backend.change(unit)


async def long_session(backend: Backend, exchanges: int, text: str = "word") -> str:
    sent = await backend.exchange(text)
    await judged(backend, sent)
    for _ in range(exchanges - 1):
        await judged(backend, await backend.exchange(text, session=sent.session_id))
    return sent.session_id


def largest_step(counts: Sequence[dict[str, int]], table: str) -> int:
    return max(before.get(table, 0) - after.get(table, 0) for before, after in pairwise(counts))


async def test_of_a_long_session_so_many_rows_go_at_a_time(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "ROOM", 7)
    session_id = await long_session(backend, 10)
    await backend.indexed()
    await backend.store.delete("ann", session_id)
    counts = await purged(backend)
    for table in (events, messages, notes):
        assert 0 < largest_step(counts, table.name) <= 7
    assert len(counts) > 360 / 7


async def test_much_text_counts_as_many_rows(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "ROOM", 20)
    session_id = await long_session(backend, 6, "word " * 2_000)
    await backend.store.delete("ann", session_id)
    counts = await purged(backend)
    assert largest_step(counts, "messages") <= 4  # two questions between two answers of eleven each
    assert not set(counts[-1]) - KEPT


async def test_one_that_is_larger_than_there_is_room_for_goes_all_the_same(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "ROOM", 1)
    session_id = await long_session(backend, 1, "word " * 2_000)
    await backend.store.delete("ann", session_id)
    assert not set((await purged(backend))[-1]) - KEPT


async def test_small_sessions_go_several_at_a_time(backend: Backend) -> None:
    for _ in range(10):
        await backend.store.delete("ann", await long_session(backend, 1))
    assert len(await purged(backend)) < 6


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "not yet indexed"])
@pytest.mark.parametrize("room", [1, 3, 200])
async def test_nothing_is_left_of_it_and_all_of_the_rest(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, room: int, *, indexed: bool
) -> None:
    monkeypatch.setattr(purge, "ROOM", room)
    kept = await long_session(backend, 2)
    await backend.indexed()
    before = await counted(backend)
    deleted = [await long_session(backend, 3) for _ in range(2)]
    if indexed:
        await backend.indexed()
    for session_id in deleted:
        await backend.store.delete("ann", session_id)
    after = (await purged(backend))[-1]
    assert {k: v for k, v in after.items() if k != "sends"} == {
        k: v for k, v in before.items() if k != "sends"
    }
    assert len((await backend.store.page("ann", kept, 50, None)).messages) == 4
    assert len(await backend.archive.search("ann", parse("word"), 50)) == 2


async def test_a_user_of_whom_nothing_is_left_goes_as_well(backend: Backend) -> None:
    async def known() -> set[str]:
        def unit(transaction: Transaction) -> set[str]:
            return set(transaction.connection.execute(select(users.c.id)).scalars())

        return await backend.change(unit)

    first, second = await long_session(backend, 1), await long_session(backend, 1)
    await backend.exchange(user="bob")
    await backend.store.delete("ann", first)
    await purged(backend)
    assert await known() == {"ann", "bob"}
    await backend.store.delete("ann", second)
    await backend.store.delete("ann", await long_session(backend, 1))
    assert await known() == {"ann", "bob"}
    await purged(backend)
    assert await known() == {"bob"}
    again = await backend.exchange()
    assert (await backend.store.session("ann", again.session_id)).message_count == 2


async def test_an_id_of_a_send_stays_used_when_its_session_is_erased(backend: Backend) -> None:
    sent = await backend.exchange(key="k", content="Why?")
    await backend.store.delete("ann", sent.session_id)
    await purged(backend)
    assert (await counted(backend))[sends.name] == 1
    with pytest.raises(ChatError, match="deleted"):
        await backend.send("Why?", key="k")
