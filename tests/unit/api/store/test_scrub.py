"""What was erased leaves SQLite's files as well."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from api.database.tables import messages
from api.database.writer import Transaction
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio

MARKER = "zanzibar" * 4


def files_with(folder: Path, text: str) -> set[str]:
    return {each.name for each in folder.glob("chat.db*") if text.encode() in each.read_bytes()}


async def erased(backend: Backend) -> None:
    text = MARKER + " " + "word " * 2_000 + MARKER
    first = await backend.exchange(text)
    for _ in range(2):
        await backend.exchange(text, session=first.session_id)
    await backend.store.delete("ann", first.session_id)
    while await backend.store.purge(backend.clock() + timedelta(seconds=1)):
        pass


async def test_what_was_erased_is_in_no_file_any_more_while_the_server_runs(
    backend: Backend, tmp_path: Path
) -> None:
    kept = await backend.exchange()
    await erased(backend)
    assert files_with(tmp_path, MARKER)
    assert await backend.store.scrub()
    assert not files_with(tmp_path, MARKER)
    await backend.exchange(session=kept.session_id)
    assert len((await backend.store.page("ann", kept.session_id, 50, None)).messages) == 4


async def test_whoever_still_reads_what_was_is_not_waited_for_and_it_is_done_later(
    backend: Backend, tmp_path: Path
) -> None:
    sent = await backend.exchange()
    async with backend.read_under_way(lambda connection: connection.execute(select(messages))):
        await erased(backend)
        assert not await backend.store.scrub()
        await backend.exchange(session=sent.session_id)  # writing goes on
    assert await backend.store.scrub()
    assert not files_with(tmp_path, MARKER)


async def test_a_rival_who_writes_puts_it_off_and_is_not_harmed(backend: Backend) -> None:
    await erased(backend)
    with backend.locked():
        assert not await backend.store.scrub()
    assert await backend.store.scrub()


async def test_how_long_the_database_is_waited_for_is_as_before(backend: Backend) -> None:
    def patience(transaction: Transaction) -> int:
        found: int = transaction.connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
        return found

    before = await backend.change(patience)
    assert await backend.store.scrub()
    assert await backend.change(patience) == before
