"""Notes are kept soon, in few commits, and nobody waits for them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select

from api.core.errors import ChatError, Code
from api.core.notes import Note, What
from api.database.tables import notes
from api.database.writer import Transaction
from api.store import notes as module
from api.store.notes import SqlNotes
from tests.support.backends import Backend, Sent

pytestmark = pytest.mark.anyio


async def known(backend: Backend, sent: Sent) -> list[Note]:
    trace = await backend.notes.trace("ann", sent.session_id, sent.answer_id)
    return list(trace.notes)


async def kept(backend: Backend) -> int:
    """How many notes are in the database, without asking for any to be written."""

    def count(transaction: Transaction) -> int:
        return int(transaction.connection.execute(select(func.count()).select_from(notes)).scalar_one())

    return await backend.change(count)


@contextmanager
def commits(backend: Backend) -> Iterator[list[None]]:
    made: list[None] = []

    def committed(_: Any) -> None:  # a Connection
        made.append(None)

    event.listen(backend.database.writing, "commit", committed)
    yield made
    event.remove(backend.database.writing, "commit", committed)


def passing_by(backend: Backend, sent: Sent, count: int) -> None:
    for number in range(count):
        backend.notes.note(What.FOLLOWER_LEFT, {"number": number}, session_id=sent.session_id)


async def test_what_was_noted_is_read_in_the_order_of_their_making(backend: Backend) -> None:
    sent = await backend.send()
    now = backend.clock()
    backend.notes.note(What.STARTED, {"chain": "rag"}, message_id=sent.answer_id)
    backend.notes.note(What.FOLLOWER_CAME, {"door": "sse"}, session_id=sent.session_id)
    backend.notes.note(What.ABANDONED, message_id=sent.answer_id, at=now - timedelta(seconds=1))
    found = await known(backend, sent)
    assert [note for note in found if note.message_id is not None] == [
        Note(now, What.STARTED, sent.answer_id, {"chain": "rag"}),
        Note(now - timedelta(seconds=1), What.ABANDONED, sent.answer_id),
    ]
    assert [note for note in found if note.message_id is None] == [
        Note(now, What.FOLLOWER_CAME, None, {"door": "sse"})
    ]


async def test_notes_of_other_messages_and_sessions_are_not_among_them(backend: Backend) -> None:
    first, other = await backend.exchange(), await backend.exchange()
    second = await backend.send(session=first.session_id)
    for message in (first, second, other):
        backend.notes.note(What.STARTED, message_id=message.answer_id)
    backend.notes.note(What.FOLLOWER_LEFT, session_id=other.session_id)
    assert [note.message_id for note in await known(backend, second)] == [second.answer_id]


async def test_foreign_unknown_and_deleted_messages_look_the_same(backend: Backend) -> None:
    foreign, deleted = await backend.exchange(user="bob"), await backend.exchange()
    mine = await backend.exchange()
    await backend.store.delete("ann", deleted.session_id)
    for session, message in [
        (foreign.session_id, foreign.answer_id),
        (deleted.session_id, deleted.answer_id),
        (mine.session_id, "unknown"),
        (mine.session_id, foreign.answer_id),
        ("unknown", mine.answer_id),
    ]:
        with pytest.raises(ChatError) as refused:
            await backend.notes.trace("ann", session, message)
        assert (refused.value.code, refused.value.ids) == (Code.NOT_FOUND, {"message_id": message})


async def test_a_trace_tells_how_an_answer_stands_in_the_log_and_what_came_after(backend: Backend) -> None:
    sent = await backend.exchange()
    trace = await backend.notes.trace("ann", sent.session_id, sent.answer_id)
    assert [(each.message_id, each.created_seq, each.ended_seq) for each in trace.attempts] == [
        (sent.answer_id, 2, 4)
    ]
    assert trace.following is None
    after = await backend.send(session=sent.session_id)
    for message in (sent.answer_id, sent.accepted.user_message_id):
        trace = await backend.notes.trace("ann", sent.session_id, message)
        assert [each.message_id for each in trace.attempts] == [sent.answer_id]
        assert trace.following is not None
        assert trace.following.message_id == after.accepted.user_message_id


async def test_of_a_question_all_attempts_are_traced_and_of_an_attempt_itself(backend: Backend) -> None:
    first = await backend.exchange()
    second = await backend.retry(first.answer_id)
    await backend.end(second)
    third = await backend.retry(second.answer_id)
    await backend.end(third)
    after = await backend.send(session=first.session_id)
    for sent in (first, second, third, after):
        backend.notes.note(What.STARTED, message_id=sent.answer_id)
    attempts = [first.answer_id, second.answer_id, third.answer_id]
    for message, traced, following in [
        (first.accepted.question.id, attempts, after.accepted.question.id),
        (attempts[0], attempts[:1], attempts[1]),
        (attempts[1], attempts[1:2], attempts[2]),
        (attempts[2], attempts[2:], after.accepted.question.id),
    ]:
        trace = await backend.notes.trace("ann", first.session_id, message)
        assert [each.message_id for each in trace.attempts] == traced
        assert [note.message_id for note in trace.notes] == traced
        assert trace.following is not None
        assert trace.following.message_id == following


async def test_a_storm_of_notes_costs_few_commits(backend: Backend) -> None:
    sent = await backend.exchange()
    with commits(backend) as made:
        passing_by(backend, sent, 1000)
        await backend.notes.flushed()
    assert len(made) == 1000 / module.AT_ONCE


async def test_notes_are_kept_soon_although_nobody_asks_for_them(backend: Backend) -> None:
    sent = await backend.exchange()
    passing_by(backend, sent, 1)
    async with asyncio.timeout(5):
        while not await kept(backend):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_notes_wait_while_the_database_is_away(backend: Backend) -> None:
    sent = await backend.exchange()
    with backend.locked():
        passing_by(backend, sent, 3)
        await backend.notes.flushed()
    assert [note.detail["number"] for note in await known(backend, sent)] == [0, 1, 2]
    assert backend.notes.lost == 0


async def test_a_record_is_told_although_nothing_can_be_written_now(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READER_S", 0.05)
    sent = await backend.exchange()
    async with backend.commit_under_way():
        passing_by(backend, sent, 1)
        assert await known(backend, sent) == []
    monkeypatch.undo()
    assert len(await known(backend, sent)) == 1


async def test_of_too_many_that_wait_the_oldest_go_and_are_counted(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    sent = await backend.exchange()
    with backend.locked():
        writing = await on_its_way(backend, sent, 3)
        passing_by(backend, sent, 4)
        await writing  # in vain: what was on its way comes back, before the others
        assert backend.notes.lost == 2
        passing_by(backend, sent, 1)
    assert [note.detail["number"] for note in await known(backend, sent)] == [0, 1, 2, 3, 0]
    assert backend.notes.lost == 3


async def on_its_way(backend: Backend, sent: Sent, count: int) -> "asyncio.Task[None]":
    """Notes that the writer has already been given."""
    passing_by(backend, sent, count)
    writing = asyncio.create_task(backend.notes.flushed())
    while backend.notes._waiting:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    return writing


async def test_what_is_refused_is_counted_and_stops_nothing(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await backend.exchange()
    with monkeypatch.context() as broken:
        broken.setattr(module, "_OF_SESSION", insert(notes).values(what=None))
        passing_by(backend, sent, 2)
        await backend.notes.flushed()
    assert backend.notes.lost == 2
    passing_by(backend, sent, 1)
    assert len(await known(backend, sent)) == 1


async def test_closing_writes_what_waits(backend: Backend) -> None:
    sent = await backend.exchange()
    own = SqlNotes(backend.database.readers, backend.writer, backend.clock)
    await own.start()
    for _ in range(module.AT_ONCE + 1):
        own.note(What.STARTED, message_id=sent.answer_id)
    await own.close()
    assert await kept(backend) == module.AT_ONCE + 1
    assert own.lost == 0


async def test_closing_does_not_wait_for_a_database_that_is_away(backend: Backend) -> None:
    sent = await backend.exchange()
    own = SqlNotes(backend.database.readers, backend.writer, backend.clock)
    await own.start()
    with backend.locked():
        own.note(What.STARTED, message_id=sent.answer_id)
        await own.close()
    assert own.lost == 1


async def test_of_a_sessions_followers_the_newest_notes_are_kept_and_of_answers_all(
    backend: Backend,
) -> None:
    sent, quiet = await backend.exchange(), await backend.exchange()
    passing_by(backend, quiet, 1)
    backend.notes.note(What.STARTED, message_id=sent.answer_id)
    passing_by(backend, sent, module.MOST_OF_FOLLOWERS + 3)
    found = [note for note in await known(backend, sent) if note.message_id is None]
    assert [note.detail["number"] for note in found] == list(range(3, module.MOST_OF_FOLLOWERS + 3))
    assert sum(note.message_id is not None for note in await known(backend, sent)) == 1
    assert len(await known(backend, quiet)) == 1


async def test_old_notes_are_erased(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGED_AT_ONCE", 2)
    sent = await backend.exchange()
    passing_by(backend, sent, 5)
    await backend.notes.flushed()
    backend.clock.forward(60)
    passing_by(backend, sent, 1)
    await backend.notes.flushed()
    assert await backend.notes.age(backend.clock()) == 5
    assert await kept(backend) == 1


async def test_of_a_deleted_session_nothing_is_left_or_noted_any_more(backend: Backend) -> None:
    sent = await backend.exchange()
    passing_by(backend, sent, 1)
    await backend.notes.flushed()
    await backend.store.delete("ann", sent.session_id)
    passing_by(backend, sent, 1)
    backend.notes.note(What.STOP_ASKED, message_id=sent.answer_id)
    await backend.notes.flushed()
    assert await kept(backend) == 1
    await backend.store.purge(backend.clock() + timedelta(seconds=1))
    passing_by(backend, sent, 1)
    await backend.notes.flushed()
    assert await kept(backend) == 0


async def test_one_who_reads_and_leaves_loses_nothing_that_was_on_its_way(backend: Backend) -> None:
    sent = await backend.exchange()
    with backend.locked():
        writing = await on_its_way(backend, sent, 1)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    assert len(await known(backend, sent)) == 1
