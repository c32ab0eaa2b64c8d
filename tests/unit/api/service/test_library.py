"""What a user asks of the library is checked before the archive is asked."""

import pytest

from api.core.errors import ChatError, Code
from api.core.records import Feedback, Verdict
from api.service.library import Library
from api.store import keeping
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


async def test_a_search_finds_ones_own(backend: Backend) -> None:
    sent = await backend.exchange("A heron.")
    await backend.exchange("A heron.", user="bob")
    hits = await Library(backend.store, backend.archive).search("ann", "HER", 10)
    assert [hit.message_id for hit in hits] == [sent.answer_id]


async def test_a_search_for_nothing_is_refused(backend: Backend) -> None:
    with pytest.raises(ChatError) as refused:
        await Library(backend.store, backend.archive).search("ann", "?", 10)
    assert refused.value.code is Code.INVALID


async def test_a_comment_is_trimmed_and_one_of_nothing_is_none(backend: Backend) -> None:
    library = Library(backend.store, backend.archive)
    sent = await backend.exchange()
    for comment, kept in ((" wrong\n", "wrong"), (" \n", None)):
        await library.judge("ann", sent.session_id, sent.answer_id, Verdict.DOWN, comment)
        [_, answer] = await backend.archive.keeps("ann", sent.session_id, 0)
        assert answer.feedback == Feedback(Verdict.DOWN, kept, backend.clock())


@pytest.mark.parametrize(("comment", "code"), [("a\0b", Code.INVALID), ("x" * 2_001, Code.TOO_LARGE)])
async def test_a_comment_that_cannot_be_kept_is_refused(backend: Backend, comment: str, code: Code) -> None:
    with pytest.raises(ChatError) as refused:
        await Library(backend.store, backend.archive).judge("ann", "s", "m", Verdict.UP, comment)
    assert refused.value.code is code


async def test_an_export_reads_a_page_when_it_is_wanted(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_ROWS", 2)
    sent = await backend.exchange()
    await backend.exchange(session=sent.session_id)
    session, pages = await Library(backend.store, backend.archive).export("ann", sent.session_id)
    assert session.id == sent.session_id
    assert [kept.message.index for kept in await anext(pages)] == [1, 2]
    await backend.exchange(session=sent.session_id)
    assert [[kept.message.index for kept in page] async for page in pages] == [[3, 4], [5, 6]]


async def test_an_export_ends_with_an_error_when_its_session_is_deleted_meanwhile(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_ROWS", 2)
    sent = await backend.exchange()
    await backend.exchange(session=sent.session_id)
    library = Library(backend.store, backend.archive)
    _, pages = await library.export("ann", sent.session_id)
    await anext(pages)
    await backend.store.delete("ann", sent.session_id)
    with pytest.raises(ChatError) as refused:
        await anext(pages)
    assert refused.value.code is Code.NOT_FOUND
    with pytest.raises(ChatError):
        await library.export("ann", sent.session_id)
