"""Reads that belong together see one moment."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from api.core.errors import ChatError, Code
from api.database.snapshot import snapshot
from api.database.tables import messages
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio

COUNT = select(func.count()).select_from(messages)


async def test_what_is_committed_meanwhile_is_not_seen(backend: Backend) -> None:
    await backend.exchange()
    async with snapshot(backend.database.readers) as connection:
        before = (await connection.execute(COUNT)).scalar_one()
        await backend.exchange()
        assert (await connection.execute(COUNT)).scalar_one() == before
    async with snapshot(backend.database.readers) as connection:
        assert (await connection.execute(COUNT)).scalar_one() == before + 2


async def test_a_database_that_cannot_be_read_is_told_as_such(backend: Backend) -> None:
    with pytest.raises(ChatError) as refused:
        async with snapshot(backend.database.readers) as connection:
            await connection.exec_driver_sql("SELECT * FROM nowhere")
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert refused.value.retry_after_ms
    assert isinstance(refused.value.__cause__, OperationalError)
