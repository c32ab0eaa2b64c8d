"""Of a commit that failed nobody knows whether it was made; whoever asks again is told."""

import pytest

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.service.ports import Ending
from tests.support.backends import Backend
from tests.support.commits import Commits, Fails

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("how", Fails)
async def test_a_message_that_is_sent_again_is_accepted_once(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, how: Fails
) -> None:
    Commits(backend.database.writing, monkeypatch).fail(how)
    with pytest.raises(ChatError) as refused:
        await backend.send(key="k")
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    sent = await backend.send(key="k")
    assert sent.accepted.duplicate is (how is Fails.MADE)
    again = await backend.send(key="k")
    assert (again.accepted.duplicate, again.answer_id) == (True, sent.answer_id)
    assert len((await backend.store.page("ann", sent.session_id, 50, None)).messages) == 2


@pytest.mark.parametrize("how", Fails)
async def test_an_answer_is_ended_once(backend: Backend, monkeypatch: pytest.MonkeyPatch, how: Fails) -> None:
    sent = await backend.send()
    await backend.say(sent, "text")
    ending = Ending(sent.answer_id, Status.COMPLETE, fence=sent.claim.fence)
    Commits(backend.database.writing, monkeypatch).fail(how, how)
    statuses: list[Status] = []
    while not statuses:
        try:
            statuses.append((await backend.store.finish(ending)).status)
        except ChatError:
            continue
    assert statuses == [Status.COMPLETE]
    found = await backend.events(sent.session_id)
    assert [event.seq for event in found] == [1, 2, 3, 4]
    assert (await backend.store.message("ann", sent.answer_id)).content == "text"


async def test_a_group_that_failed_is_neither_lost_nor_doubled_by_those_who_ask_again(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await backend.send(), await backend.send()
    writers = [backend.log.appender(each.claim) for each in (first, second)]
    async with backend.commit_under_way():
        for writing in writers:
            writing.write("text")
        Commits(backend.database.writing, monkeypatch).fail(None, Fails.MADE)
    for writing, sent in zip(writers, (first, second), strict=True):
        await writing.flushed()
        event = await backend.end(sent)
        assert event is not None
        assert event.length == len("text")
