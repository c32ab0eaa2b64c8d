"""Whoever waits for a database that does not answer is set free, and the next has a new connection."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from api.core.errors import ChatError, Code
from api.database.engine import writing_engine
from api.database.waiting import Waiting
from api.database.writer import Transaction
from tests.support.backends import Backend, backend_named

pytestmark = pytest.mark.anyio

LONG = text("SELECT pg_sleep(3)")


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    async with backend_named("postgresql", tmp_path) as found:
        yield found


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - threads tell nobody
        await asyncio.sleep(0.005)


async def test_a_read_that_is_not_answered_is_cut_off(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.database.readers.AGAIN_S", 0)
    waiting = backend.database.waiting
    reading = asyncio.create_task(backend.database.readers.read(lambda connection: connection.execute(LONG)))
    await until(lambda: bool(waiting._since))
    assert waiting.cut() == 0, "it has not waited long"
    await until(lambda: waiting.cut(0) > 0 or reading.done())
    with pytest.raises(ChatError) as refused:
        await reading
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert await backend.database.readers.read(_one) == 1
    assert not waiting._since


async def test_a_commit_that_is_not_answered_is_cut_off_and_writing_goes_on(backend: Backend) -> None:
    def slow(transaction: Transaction) -> None:
        transaction.connection.execute(LONG)

    writing = asyncio.ensure_future(backend.change(slow))
    waiting = backend.writer._waiting
    await until(lambda: bool(waiting._since))
    cutting = asyncio.create_task(_cut_again_and_again(waiting))
    with pytest.raises(ChatError) as refused:
        await writing
    cutting.cancel()
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert backend.writer.trouble.reason == "the database is away"
    await backend.exchange()
    assert backend.writer.trouble.reason is None


async def _cut_again_and_again(waiting: Waiting) -> None:
    while True:
        waiting.cut(0.05)
        await asyncio.sleep(0.01)


def _one(connection: Connection) -> int:
    found: int = connection.execute(text("SELECT 1")).scalar_one()
    return found


async def test_a_connection_that_is_given_up_at_this_very_moment_does_no_harm(backend: Backend) -> None:
    engine, waiting = writing_engine(backend.database.writing.url), Waiting()
    connection = engine.connect()
    with waiting.on(connection):
        connection.invalidate()
        assert waiting.cut(-1) == 1
    connection.close()
    engine.dispose()
