"""A message is accepted whole or not at all."""

import asyncio

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from api.core.errors import ChatError, Code
from api.core.events import Created
from api.core.lifecycle import Role, Status
from api.database.tables import events, messages, sends, sessions
from api.database.writer import Transaction
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


async def rows(backend: Backend) -> list[int]:
    """How many sessions, messages, events and used ids there are."""

    def count(transaction: Transaction) -> list[int]:
        tables = (sessions, messages, events, sends)
        return [
            transaction.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        ]

    return await backend.change(count)


async def test_an_acceptance_makes_the_question_its_pending_answer_and_both_events(backend: Backend) -> None:
    sent = await backend.send("Why?", key="k")
    accepted = sent.accepted
    page = await backend.store.page("ann", sent.session_id, 50, None)
    question, answer = page.messages
    assert (question.id, answer.id) == (accepted.user_message_id, accepted.pending_message_id)
    assert (question.index, question.role, question.status) == (1, Role.USER, Status.COMPLETE)
    assert (question.content, question.client_message_id) == ("Why?", "k")
    assert (answer.index, answer.role, answer.status) == (2, Role.ASSISTANT, Status.PENDING)
    assert (answer.reply_to, answer.content, answer.client_message_id) == (question.id, "", None)
    assert (accepted.index, accepted.status, accepted.duplicate) == (1, Status.PENDING, False)
    assert await backend.events(sent.session_id) == [
        Created(sent.session_id, 1, question),
        Created(sent.session_id, 2, answer),
    ]


async def test_before_is_just_before_the_answers_own_event(backend: Backend) -> None:
    first = await backend.exchange()
    second = await backend.send(session=first.session_id)
    following = await backend.events(second.session_id, second.accepted.before.seq)
    assert [event.message_id for event in following] == [second.answer_id]
    assert second.accepted.before.epoch == backend.log.epoch


async def test_a_rolled_back_acceptance_leaves_nothing(backend: Backend) -> None:
    before = await rows(backend)
    taken = backend.new_id

    class SameIdTwice:
        """The second message gets the first one's id: the database refuses in mid-transaction."""

        def __call__(self) -> str:
            return "same"

    backend.store._new_id = SameIdTwice()
    with pytest.raises(IntegrityError):
        await backend.send(key="k")
    backend.store._new_id = taken
    assert await rows(backend) == before
    assert backend.published == []
    assert not (await backend.send(key="k")).accepted.duplicate


async def test_the_session_counts_previews_and_moves_on(backend: Backend) -> None:
    sent = await backend.send("First  line\nsecond")
    session = await backend.store.session("ann", sent.session_id)
    assert (session.message_count, session.last_message_preview) == (2, "First line second")
    assert (session.title, session.chain) == ("First line second", "rag")
    backend.clock.forward(5)
    await backend.say(sent, "The answer")
    await backend.end(sent)
    later = await backend.store.session("ann", sent.session_id)
    assert later.revision > session.revision
    assert (later.last_message_preview, later.updated_at) == ("The answer", backend.clock())


async def test_indexes_are_one_two_three(backend: Backend) -> None:
    session = (await backend.exchange()).session_id
    for _ in range(3):
        await backend.exchange(session=session)
    page = await backend.store.page("ann", session, 50, None)
    assert [message.index for message in page.messages] == list(range(1, 9))


async def test_a_busy_session_refuses_with_the_running_answer_and_accepts_nothing(backend: Backend) -> None:
    running = await backend.send()
    before = await rows(backend)
    with pytest.raises(ChatError) as refused:
        await backend.send("More", session=running.session_id, key="k")
    assert refused.value.code is Code.SESSION_BUSY
    assert refused.value.ids["message_id"] == running.answer_id
    assert refused.value.retry_after_ms
    assert await rows(backend) == before


async def test_a_refused_send_does_not_use_its_id_up(backend: Backend) -> None:
    running = await backend.send()
    with pytest.raises(ChatError):
        await backend.send("More", session=running.session_id, key="k")
    await backend.end(running)
    again = await backend.send("Something else entirely", session=running.session_id, key="k")
    assert not again.accepted.duplicate


async def test_of_many_sends_to_one_session_at_once_one_is_accepted(backend: Backend) -> None:
    session = (await backend.exchange()).session_id
    sends = [backend.send(f"Question {number}", session=session) for number in range(20)]
    outcomes = await asyncio.gather(*sends, return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, ChatError)]
    assert {refusal.code for refusal in refusals} == {Code.SESSION_BUSY}
    assert len(refusals) == 19


async def test_the_database_itself_holds_one_running_answer_a_session(backend: Backend) -> None:
    running = await backend.send()

    def second(transaction: Transaction) -> None:
        row = {"id": "second", "session_id": running.session_id, "number": 99, "role": "assistant"}
        rest = {"status": "streaming", "content": "", "created_at": 0, "created_seq": 99}
        transaction.connection.execute(insert(messages).values(row | rest))

    with pytest.raises(IntegrityError):
        await backend.change(second)
    await backend.end(running)
    await backend.change(second)


async def test_a_user_has_no_more_running_answers_than_allowed(backend: Backend) -> None:
    running = [await backend.send(generations=2) for _ in range(2)]
    with pytest.raises(ChatError) as refused:
        await backend.send(generations=2)
    assert refused.value.code is Code.RATE_LIMITED
    assert refused.value.retry_after_ms
    assert not (await backend.send(user="bob", generations=2)).accepted.duplicate
    await backend.end(running[0])
    assert not (await backend.send(generations=2)).accepted.duplicate


async def test_zero_means_no_limit_of_running_answers(backend: Backend) -> None:
    assert len({(await backend.send(generations=0)).session_id for _ in range(10)}) == 10


async def test_a_chain_that_is_not_the_sessions_is_invalid(backend: Backend) -> None:
    session = (await backend.exchange()).session_id
    with pytest.raises(ChatError) as refused:
        await backend.send(session=session, chain="scripted")
    assert refused.value.code is Code.INVALID
    assert (await backend.send(session=session, chain="rag")).accepted.chain == "rag"


async def test_a_chain_that_is_not_served_is_unknown(backend: Backend) -> None:
    with pytest.raises(ChatError) as refused:
        await backend.send(chain="nobody")
    assert refused.value.code is Code.UNKNOWN_CHAIN


async def test_foreign_unknown_and_deleted_sessions_look_the_same(backend: Backend) -> None:
    foreign = (await backend.exchange(user="bob")).session_id
    deleted = (await backend.exchange()).session_id
    await backend.store.delete("ann", deleted)
    told = set()
    for session in (foreign, deleted, "unknown"):
        with pytest.raises(ChatError) as refused:
            await backend.send(session=session)
        assert refused.value.ids == {"session_id": session}
        told.add((refused.value.code, refused.value.problem))
    assert {code for code, _ in told} == {Code.NOT_FOUND}
    assert len(told) == 1


async def test_whoever_sends_is_told_how_that_left_the_session(backend: Backend) -> None:
    first = await backend.exchange()
    for sent in (first, await backend.send("Go on.", session=first.session_id)):
        session = sent.accepted.session
        assert session is not None
        assert session.id == sent.session_id
    assert session == await backend.store.session("ann", first.session_id)
    assert session.last_message_preview == "Go on."
