"""A further attempt is accepted whole or not at all, once, and takes the place of the one before."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from api.core.errors import ChatError, Code
from api.core.events import Created
from api.core.lifecycle import Role, Status
from api.database.tables import events, messages, sends, sessions
from api.database.writer import Transaction
from api.service.requests import Accepted, RetryRequest
from tests.support.backends import Backend, Sent

pytestmark = pytest.mark.anyio

ANYWAY = [Status.COMPLETE, Status.CANCELLED, Status.FAILED, Status.INTERRUPTED]


async def refusal(asking: Awaitable[Sent]) -> ChatError:
    with pytest.raises(ChatError) as refused:
        await asking
    return refused.value


async def rows(backend: Backend) -> list[int]:
    """How many sessions, messages, events and used ids there are."""

    def count(transaction: Transaction) -> list[int]:
        tables = (sessions, messages, events, sends)
        return [
            transaction.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        ]

    return await backend.change(count)


def again(accepted: Accepted) -> Accepted:
    return replace(accepted, duplicate=True)


@pytest.mark.parametrize("status", ANYWAY)
async def test_an_attempt_is_one_new_answer_to_the_same_question(backend: Backend, status: Status) -> None:
    first = await backend.send("Why?", key="k")
    await backend.end(first, status)
    seq = (await backend.events(first.session_id))[-1].seq
    retried = await backend.retry(first.answer_id, key="again")
    answer = await backend.store.message("ann", retried.answer_id)
    assert (answer.index, answer.role, answer.status) == (3, Role.ASSISTANT, Status.PENDING)
    assert (answer.reply_to, answer.retry_of) == (first.accepted.user_message_id, first.answer_id)
    assert (answer.content, answer.client_message_id) == ("", "again")
    assert await backend.events(first.session_id, seq) == [Created(first.session_id, seq + 1, answer)]


async def test_its_acceptance_names_the_original_question(backend: Backend) -> None:
    session = (await backend.exchange()).session_id
    first = await backend.exchange(session=session)
    second = await backend.attempt(first)
    third = (await backend.retry(second.answer_id, key="third")).accepted
    assert (third.index, third.user_message_id) == (3, first.accepted.user_message_id)
    assert third.question == first.accepted.question
    assert (third.status, third.duplicate, third.client_message_id) == (Status.PENDING, False, "third")
    following = await backend.events(session, third.before.seq)
    assert [event.message_id for event in following] == [third.pending_message_id]


async def test_the_same_retry_again_has_the_same_ids_and_makes_nothing(backend: Backend) -> None:
    first = await backend.exchange()
    made = (await backend.retry(first.answer_id, key="k")).accepted
    before = await rows(backend)
    assert (await backend.retry(first.answer_id, key="k")).accepted == again(made)
    assert (await backend.retry(first.answer_id, key="k", session=first.session_id)).accepted == again(made)
    assert await rows(backend) == before


async def test_an_attempt_that_was_retried_already_leads_to_its_direct_successor(backend: Backend) -> None:
    first = await backend.exchange()
    second = await backend.attempt(first)
    third = await backend.retry(second.answer_id)
    for target, successor in ((first, second), (second, third)):
        told = (await backend.retry(target.answer_id)).accepted
        assert (told.pending_message_id, told.duplicate) == (successor.answer_id, True)
        assert told.before == successor.accepted.before
        assert told.index == 1
    third_status = (await backend.retry(second.answer_id)).accepted.status
    assert third_status is Status.PENDING


async def test_the_id_of_such_a_retry_is_bound_for_ever(backend: Backend) -> None:
    first = await backend.exchange()
    second = await backend.attempt(first)
    told = (await backend.retry(first.answer_id, key="late")).accepted
    assert told.client_message_id == "late"
    await backend.attempt(second)
    assert (await backend.retry(first.answer_id, key="late")).accepted == told
    for other in (backend.retry(second.answer_id, key="late"), backend.send("Why?", key="late")):
        assert (await refusal(other)).code is Code.IDEMPOTENCY_CONFLICT
    answer = await backend.store.message("ann", second.answer_id)
    assert answer.client_message_id == second.accepted.client_message_id, "it stays what it was"


async def test_a_send_and_a_retry_cannot_share_an_id(backend: Backend) -> None:
    first = await backend.exchange(key="k")
    assert (await refusal(backend.retry(first.answer_id, key="k"))).code is Code.IDEMPOTENCY_CONFLICT
    await backend.attempt(first)
    retried = await backend.retry(first.answer_id, key="r")
    said = retried.accepted.question.content
    assert (await refusal(backend.send(said, key="r"))).code is Code.IDEMPOTENCY_CONFLICT
    # Not even where a message says what the other names.
    assert (await refusal(backend.send(first.answer_id, key="r"))).code is Code.IDEMPOTENCY_CONFLICT


async def test_another_target_or_session_under_the_same_id_is_a_conflict(backend: Backend) -> None:
    first, other = await backend.exchange(), await backend.exchange()
    await backend.retry(first.answer_id, key="k")
    for asking in (
        backend.retry(other.answer_id, key="k"),
        backend.retry("unknown", key="k"),
        backend.retry(first.answer_id, key="k", session=other.session_id),
    ):
        assert (await refusal(asking)).code is Code.IDEMPOTENCY_CONFLICT


@pytest.mark.parametrize("keys", ["one", "each its own"])
async def test_of_fifty_retries_at_once_one_is_accepted(backend: Backend, keys: str) -> None:
    first = await backend.exchange()
    asked = [
        backend.retry(first.answer_id, key="k" if keys == "one" else f"k{number}") for number in range(50)
    ]
    told = [sent.accepted for sent in await asyncio.gather(*asked)]
    assert len({accepted.pending_message_id for accepted in told}) == 1
    assert sorted(accepted.duplicate for accepted in told) == [False] + [True] * 49
    assert len((await backend.store.page("ann", first.session_id, 50, None, superseded=True)).messages) == 3


async def test_of_a_retry_and_a_send_at_once_one_is_accepted(backend: Backend) -> None:
    for turn in range(10):
        first = await backend.exchange()
        both = [backend.retry(first.answer_id), backend.send(session=first.session_id)]
        outcomes = await asyncio.gather(*both[:: 1 if turn % 2 else -1], return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, ChatError)]
        assert [error.code for error in refused] == [Code.SESSION_BUSY]


async def test_a_running_answer_is_busy(backend: Backend) -> None:
    running = await backend.send()
    before = await rows(backend)
    error = await refusal(backend.retry(running.answer_id, key="k"))
    assert (error.code, error.ids["message_id"]) == (Code.SESSION_BUSY, running.answer_id)
    assert error.retry_after_ms
    assert await rows(backend) == before
    await backend.end(running)
    assert not (await backend.retry(running.answer_id, key="k")).accepted.duplicate, "it used no id up"


async def test_what_was_retried_is_answered_before_busy_and_limits(backend: Backend) -> None:
    first = await backend.exchange()
    running = await backend.retry(first.answer_id)
    told = (await backend.retry(first.answer_id, generations=1)).accepted
    assert (told.pending_message_id, told.duplicate) == (running.answer_id, True)


async def test_busy_is_told_before_not_latest(backend: Backend) -> None:
    first = await backend.exchange()
    running = await backend.send(session=first.session_id)
    assert (await refusal(backend.retry(first.answer_id))).code is Code.SESSION_BUSY
    await backend.end(running)
    error = await refusal(backend.retry(first.answer_id))
    assert (error.code, error.ids["message_id"]) == (Code.NOT_LATEST, first.answer_id)


async def test_a_question_cannot_be_tried_again(backend: Backend) -> None:
    first = await backend.exchange()
    error = await refusal(backend.retry(first.accepted.user_message_id))
    assert error.code is Code.INVALID
    assert "answer" in error.problem.message


async def test_a_user_has_no_more_running_attempts_than_allowed(backend: Backend) -> None:
    first = await backend.exchange()
    running = await backend.send()
    assert (await refusal(backend.retry(first.answer_id, generations=1))).code is Code.RATE_LIMITED
    await backend.end(running)
    assert not (await backend.retry(first.answer_id, generations=1)).accepted.duplicate


async def test_a_chain_that_is_no_longer_served_is_unknown(backend: Backend) -> None:
    first = await backend.exchange(chain="scripted")
    backend.store._served = {"rag"}
    assert (await refusal(backend.retry(first.answer_id))).code is Code.UNKNOWN_CHAIN


async def test_foreign_unknown_and_deleted_answers_look_the_same(backend: Backend) -> None:
    foreign, deleted = await backend.exchange(user="bob"), await backend.exchange()
    here, there = await backend.exchange(), await backend.exchange()
    await backend.store.delete("ann", deleted.session_id)
    for answer, session in (
        (foreign.answer_id, None),
        (deleted.answer_id, None),
        ("unknown", None),
        (here.answer_id, there.session_id),
    ):
        error = await refusal(backend.retry(answer, session=session))
        assert (error.code, error.message, error.ids) == (Code.NOT_FOUND, "", {"message_id": answer})


async def test_after_its_session_was_deleted_a_retrys_id_is_not_found_for_ever(backend: Backend) -> None:
    first = await backend.exchange()
    await backend.end(await backend.retry(first.answer_id, key="k"))
    await backend.store.delete("ann", first.session_id)
    assert (await refusal(backend.retry(first.answer_id, key="k"))).code is Code.NOT_FOUND
    await backend.store.purge(backend.clock() + timedelta(seconds=1))
    assert (await refusal(backend.retry(first.answer_id, key="k"))).code is Code.NOT_FOUND
    assert (await refusal(backend.send("Anew", key="k"))).code is Code.IDEMPOTENCY_CONFLICT


async def test_a_refused_retry_can_ask_what_it_repeats(backend: Backend) -> None:
    first = await backend.exchange()
    request = RetryRequest("ann", first.answer_id, "k")
    assert await backend.store.repetition(request) is None
    made = await backend.attempt(first)
    told = await backend.store.repetition(request)
    assert told is not None
    assert (told.pending_message_id, told.client_message_id) == (made.answer_id, "k")
    assert told.status is Status.COMPLETE
    error = await refusal(backend.send("Else", key="k"))
    assert error.code is Code.IDEMPOTENCY_CONFLICT, "asking has bound the id"
    assert await backend.store.repetition(request) == told


async def test_the_session_counts_what_is_shown_and_moves_on(backend: Backend) -> None:
    first = await backend.exchange("Old.", content="Why?")
    before = await backend.store.session("ann", first.session_id)
    backend.clock.forward(5)
    retried = await backend.retry(first.answer_id)
    during = await backend.store.session("ann", first.session_id)
    assert (during.message_count, during.last_message_preview) == (2, "Why?")
    assert (during.revision, during.updated_at) == (before.revision + 1, backend.clock())
    await backend.say(retried, "New.")
    await backend.end(retried)
    after = await backend.store.session("ann", first.session_id)
    assert (after.message_count, after.last_message_preview) == (2, "New.")
    shown = await backend.store.page("ann", first.session_id, 50, None)
    assert after.message_count == len(shown.messages)


async def test_the_next_message_comes_after_the_newest_attempt(backend: Backend) -> None:
    first = await backend.exchange()
    await backend.attempt(first)
    following = await backend.send(session=first.session_id)
    assert following.accepted.index == 4
    assert (await backend.store.session("ann", first.session_id)).message_count == 4


async def test_an_attempt_is_deleted_and_cancelled_with_its_session(backend: Backend) -> None:
    first = await backend.exchange()
    retried = await backend.retry(first.answer_id)
    assert await backend.store.delete("ann", first.session_id) == retried.answer_id
    ended = (await backend.events(first.session_id))[-1]
    assert ended.message_id == retried.answer_id


async def test_a_running_attempt_is_where_a_follower_without_a_position_begins(backend: Backend) -> None:
    first = await backend.exchange()
    retried = await backend.retry(first.answer_id)
    state = await backend.log.state(first.session_id)
    assert state.active_from == retried.accepted.before.seq
    assert await backend.running() == {retried.answer_id}
