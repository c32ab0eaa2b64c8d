"""An end is written for as long as it takes."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.service.finish import Finisher
from api.service.ports import Ending, SessionHint
from tests.support.backends import Backend
from tests.support.chats import job
from tests.support.fakes import RememberedHints

pytestmark = pytest.mark.anyio


async def test_an_end_waits_for_the_database(backend: Backend) -> None:
    sent = await backend.send()
    finish = Finisher(backend.store, RememberedHints(), backend.new_id, retry_s=0.01)
    with capture_logs() as noted:
        with backend.locked():
            writing = asyncio.create_task(finish(job(sent), Ending(sent.answer_id, Status.COMPLETE)))
            await asyncio.sleep(0.3)
            assert not writing.done()
        await writing
    assert [each["event"] for each in noted].count("cannot write an end yet") == 1
    assert (await backend.store.message("ann", sent.answer_id)).status is Status.COMPLETE


async def test_the_users_connections_are_told_of_the_end(backend: Backend) -> None:
    sent = await backend.send()
    hints = RememberedHints()
    await Finisher(backend.store, hints, backend.new_id)(job(sent), Ending(sent.answer_id, Status.COMPLETE))
    session = await backend.store.session("ann", sent.session_id)
    assert hints.told == [("ann", SessionHint(sent.session_id, session))]


async def test_the_end_in_a_deleted_session_is_told_to_nobody(backend: Backend) -> None:
    sent = await backend.send()
    await backend.store.delete("ann", sent.session_id)
    hints = RememberedHints()
    await Finisher(backend.store, hints, backend.new_id)(job(sent), Ending(sent.answer_id, Status.COMPLETE))
    assert hints.told == []


async def test_an_end_that_cannot_be_written_is_a_failure_that_is_noted(
    backend: Backend,
) -> None:
    sent = await backend.send()
    await backend.say(sent, "kept")
    unwritable = Ending(sent.answer_id, Status.COMPLETE, [{"id": {1, 2}}], 0.5, fence=sent.claim.fence)  # type: ignore[dict-item]  # no JSON
    with capture_logs() as noted:
        await Finisher(backend.store, RememberedHints(), backend.new_id)(job(sent), unwritable)
    answer = await backend.store.message("ann", sent.answer_id)
    assert (answer.content, answer.status, answer.sources) == ("kept", Status.FAILED, ())
    assert answer.error is not None
    assert (answer.error.code, answer.error.retryable) == (Code.INTERNAL, True)
    assert [(each["error_id"], each["error"]) for each in noted] == [(answer.error.error_id, "TypeError")]
    assert any("dump_json" in place for place in noted[0]["at"])


async def test_the_failure_waits_for_the_database_too(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await backend.send()
    finish = backend.store.finish
    troubles: list[Exception] = [TypeError(), ChatError(Code.STORAGE_UNAVAILABLE)]

    async def troubled(ending: Ending) -> Any:
        if troubles:
            raise troubles.pop(0)
        return await finish(ending)

    monkeypatch.setattr(backend.store, "finish", troubled)
    ending = Ending(sent.answer_id, Status.COMPLETE)
    await Finisher(backend.store, RememberedHints(), backend.new_id, retry_s=0)(job(sent), ending)
    assert (await backend.store.message("ann", sent.answer_id)).status is Status.FAILED


async def test_a_store_that_refuses_both_ends_is_not_asked_for_ever(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await backend.send()

    async def broken(_: Ending) -> Any:
        raise TypeError

    monkeypatch.setattr(backend.store, "finish", broken)
    finish = Finisher(backend.store, RememberedHints(), backend.new_id)
    with pytest.raises(TypeError):
        await finish(job(sent), Ending(sent.answer_id, Status.COMPLETE))
