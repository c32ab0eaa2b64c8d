"""An end is written for as long as it takes."""

import asyncio

import pytest

from api.core.lifecycle import Status
from api.service.finish import Finisher
from api.service.ports import Ending, SessionHint
from tests.support.backends import Backend
from tests.support.chats import job
from tests.support.fakes import RememberedHints

pytestmark = pytest.mark.anyio


async def test_an_end_waits_for_the_database(backend: Backend) -> None:
    sent = await backend.send()
    finish = Finisher(backend.store, RememberedHints(), retry_s=0.01)
    with backend.locked():
        writing = asyncio.create_task(finish(job(sent), Ending(sent.answer_id, Status.COMPLETE)))
        await asyncio.sleep(0.3)
        assert not writing.done()
    await writing
    assert (await backend.store.message("ann", sent.answer_id)).status is Status.COMPLETE


async def test_the_users_connections_are_told_of_the_end(backend: Backend) -> None:
    sent = await backend.send()
    hints = RememberedHints()
    await Finisher(backend.store, hints)(job(sent), Ending(sent.answer_id, Status.COMPLETE))
    session = await backend.store.session("ann", sent.session_id)
    assert hints.told == [("ann", SessionHint(sent.session_id, session))]


async def test_the_end_in_a_deleted_session_is_told_to_nobody(backend: Backend) -> None:
    sent = await backend.send()
    await backend.store.delete("ann", sent.session_id)
    hints = RememberedHints()
    await Finisher(backend.store, hints)(job(sent), Ending(sent.answer_id, Status.COMPLETE))
    assert hints.told == []
