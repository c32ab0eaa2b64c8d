"""All that is kept of a session can be read from its beginning on, in pages that miss nothing."""

import pytest

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.core.records import Kept, Verdict
from api.store import keeping
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


async def pages(backend: Backend, session_id: str) -> list[list[Kept]]:
    found: list[list[Kept]] = []
    after = 0
    while page := list(await backend.archive.keeps("ann", session_id, after)):
        found.append(page)
        after = page[-1].message.index
    return found


async def test_every_attempt_is_there_and_says_whether_it_is_shown(backend: Backend) -> None:
    first = await backend.exchange("one")
    second = await backend.attempt(first, "two")
    await backend.exchange("three", session=first.session_id)
    await backend.archive.judge("ann", first.session_id, first.answer_id, Verdict.DOWN, None)
    [page] = await pages(backend, first.session_id)
    assert [(kept.message.index, kept.superseded) for kept in page] == [
        (1, False),
        (2, True),
        (3, False),
        (4, False),
        (5, False),
    ]
    assert [kept.message.content for kept in page][1:3] == ["one", "two"]
    assert page[2].message.id == second.answer_id
    assert [kept.feedback is not None for kept in page] == [False, True, False, False, False]
    for kept in page:
        assert kept.message == await backend.store.message("ann", kept.message.id)


async def test_a_running_answer_has_its_text_so_far(backend: Backend) -> None:
    sent = await backend.send()
    await backend.say(sent, "so ", "far")
    [[_, kept]] = await pages(backend, sent.session_id)
    assert (kept.message.content, kept.message.status) == ("so far", Status.STREAMING)


@pytest.mark.parametrize("most", [1, 2, 3, 200])
async def test_pages_meet_every_message_once(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(keeping, "MOST_ROWS", most)
    sent = await backend.exchange()
    for _ in range(4):
        await backend.exchange(session=sent.session_id)
    found = await pages(backend, sent.session_id)
    assert [kept.message.index for page in found for kept in page] == list(range(1, 11))
    assert max(map(len, found)) == min(most, 10)


async def test_a_page_ends_where_it_has_so_much_text(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_CHARS", 1_000)
    sent = await backend.exchange("x" * 600)
    for _ in range(4):
        await backend.exchange("x" * 600, session=sent.session_id)
    found = await pages(backend, sent.session_id)
    assert [len(page) for page in found] == [4, 4, 2]


async def test_messages_that_come_between_two_pages_are_there(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_ROWS", 2)
    sent = await backend.exchange()
    [first] = await pages(backend, sent.session_id)
    await backend.exchange(session=sent.session_id)
    assert [len(page) for page in await pages(backend, sent.session_id)] == [2, 2]
    assert len(await backend.archive.keeps("ann", sent.session_id, first[-1].message.index)) == 2


async def test_an_empty_session_has_no_page(backend: Backend) -> None:
    session = await backend.store.create_session("ann", "Empty", "rag")
    assert await pages(backend, session.id) == []


async def test_foreign_unknown_and_deleted_sessions_look_the_same(backend: Backend) -> None:
    foreign, deleted = await backend.exchange(user="bob"), await backend.exchange()
    await backend.store.delete("ann", deleted.session_id)
    for session_id in (foreign.session_id, deleted.session_id, "unknown"):
        with pytest.raises(ChatError) as refused:
            await backend.archive.keeps("ann", session_id, 0)
        assert (refused.value.code, refused.value.ids) == (Code.NOT_FOUND, {"session_id": session_id})
