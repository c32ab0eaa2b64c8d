"""What somebody thinks of an answer is kept until it is taken back, and is nobody else's business."""

import pytest

from api.core.errors import ChatError, Code
from api.core.records import Feedback, Verdict
from tests.support.backends import Backend, Sent

pytestmark = pytest.mark.anyio


async def judge(
    backend: Backend, sent: Sent, value: Verdict | None, comment: str | None = None, user: str = "ann"
) -> None:
    await backend.archive.judge(user, sent.session_id, sent.answer_id, value, comment)


async def feedback(backend: Backend, sent: Sent) -> Feedback | None:
    kept = await backend.archive.keeps("ann", sent.session_id, 0)
    return {each.message.id: each.feedback for each in kept}[sent.answer_id]


async def test_a_verdict_is_kept_with_its_comment(backend: Backend) -> None:
    sent = await backend.exchange()
    assert await feedback(backend, sent) is None
    await judge(backend, sent, Verdict.DOWN, "wrong")
    assert await feedback(backend, sent) == Feedback(Verdict.DOWN, "wrong", backend.clock())


async def test_the_last_word_counts(backend: Backend) -> None:
    sent = await backend.exchange()
    await judge(backend, sent, Verdict.DOWN, "wrong")
    now = backend.clock.forward(1)
    await judge(backend, sent, Verdict.UP)
    assert await feedback(backend, sent) == Feedback(Verdict.UP, None, now)


async def test_saying_the_same_again_changes_nothing(backend: Backend) -> None:
    sent = await backend.exchange()
    await judge(backend, sent, Verdict.UP, "good")
    before = await feedback(backend, sent)
    backend.clock.forward(1)
    await judge(backend, sent, Verdict.UP, "good")
    assert await feedback(backend, sent) == before


async def test_null_takes_it_back_also_where_there_is_none(backend: Backend) -> None:
    sent = await backend.exchange()
    await judge(backend, sent, Verdict.UP)
    for _ in range(2):
        await judge(backend, sent, None, "not kept")
        assert await feedback(backend, sent) is None


async def test_a_running_answer_and_a_replaced_attempt_can_be_judged(backend: Backend) -> None:
    first = await backend.exchange()
    again = await backend.retry(first.answer_id)
    for sent in (first, again):
        await judge(backend, sent, Verdict.UP)
        assert await feedback(backend, sent) is not None


async def test_a_question_cannot_be_judged(backend: Backend) -> None:
    sent = await backend.exchange()
    with pytest.raises(ChatError) as refused:
        await backend.archive.judge("ann", sent.session_id, sent.accepted.user_message_id, Verdict.UP, None)
    assert refused.value.code is Code.INVALID


async def test_what_is_foreign_elsewhere_unknown_or_deleted_looks_the_same(backend: Backend) -> None:
    mine, bobs, deleted = [await backend.exchange(user=user) for user in ("ann", "bob", "ann")]
    await backend.store.delete("ann", deleted.session_id)
    for session_id, message_id in (
        (bobs.session_id, bobs.answer_id),
        (bobs.session_id, bobs.accepted.user_message_id),
        (mine.session_id, bobs.answer_id),
        (bobs.session_id, mine.answer_id),
        (deleted.session_id, deleted.answer_id),
        (mine.session_id, "unknown"),
        ("unknown", mine.answer_id),
    ):
        with pytest.raises(ChatError) as refused:
            await backend.archive.judge("ann", session_id, message_id, Verdict.UP, None)
        assert (refused.value.code, refused.value.ids) == (Code.NOT_FOUND, {"message_id": message_id})
