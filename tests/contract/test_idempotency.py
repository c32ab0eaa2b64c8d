"""`(user, client_message_id)` names one accepted send for ever."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.service.requests import Accepted, SendRequest
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


async def refusal(backend: Backend, **how: Any) -> Code:  # Any: what `send` takes
    with pytest.raises(ChatError) as refused:
        await backend.send(**how)
    return refused.value.code


def ids(accepted: Accepted) -> Accepted:
    return replace(accepted, duplicate=False)


async def test_the_same_send_again_has_the_same_ids_and_makes_nothing(backend: Backend) -> None:
    first = (await backend.send("Why?", key="k")).accepted
    again = (await backend.send("Why?", key="k")).accepted
    assert again.duplicate
    assert ids(again) == first
    assert len(await backend.events(first.session_id)) == 2
    assert len(await backend.store.sessions("ann", 50)) == 1


async def test_of_fifty_at_once_one_is_accepted(backend: Backend) -> None:
    sent = await asyncio.gather(*(backend.send("Why?", key="k") for _ in range(50)))
    assert len({ids(each.accepted) for each in sent}) == 1
    assert sorted(each.accepted.duplicate for each in sent) == [False] + [True] * 49
    assert len(await backend.store.sessions("ann", 50)) == 1


async def test_fifty_at_once_into_a_session_are_one(backend: Backend) -> None:
    session = (await backend.exchange()).session_id
    sent = await asyncio.gather(*(backend.send("Why?", key="k", session=session) for _ in range(50)))
    assert len({each.answer_id for each in sent}) == 1
    assert sum(not each.accepted.duplicate for each in sent) == 1


async def test_a_repetition_tells_how_the_answer_stands_now(backend: Backend) -> None:
    sent = await backend.send(key="k")
    assert (await backend.send(key="k")).accepted.status is Status.PENDING
    await backend.say(sent, "a")
    assert (await backend.send(key="k")).accepted.status is Status.STREAMING
    await backend.end(sent)
    assert (await backend.send(key="k")).accepted.status is Status.COMPLETE


async def test_an_id_belongs_to_its_user(backend: Backend) -> None:
    mine = await backend.send(key="k")
    theirs = await backend.send(key="k", user="bob")
    assert not theirs.accepted.duplicate
    assert theirs.session_id != mine.session_id


async def test_other_content_under_the_same_id_is_a_conflict(backend: Backend) -> None:
    await backend.send("Why?", key="k")
    assert await refusal(backend, content="Why not?", key="k") is Code.IDEMPOTENCY_CONFLICT


async def test_another_session_under_the_same_id_is_a_conflict(backend: Backend) -> None:
    other = (await backend.exchange()).session_id
    await backend.send(key="k")
    assert await refusal(backend, key="k", session=other) is Code.IDEMPOTENCY_CONFLICT
    assert await refusal(backend, key="k", session="unknown") is Code.IDEMPOTENCY_CONFLICT


async def test_another_chain_under_the_same_id_is_a_conflict(backend: Backend) -> None:
    await backend.send(key="k", chain="scripted")
    assert await refusal(backend, key="k", chain="rag") is Code.IDEMPOTENCY_CONFLICT


async def test_an_absent_session_or_chain_matches_what_was_used(backend: Backend) -> None:
    session = (await backend.exchange(chain="scripted")).session_id
    sent = await backend.send(key="k", session=session, chain="scripted")
    assert (await backend.send(key="k")).answer_id == sent.answer_id
    assert (await backend.send(key="k", session=session)).answer_id == sent.answer_id
    assert (await backend.send(key="k", chain="scripted")).answer_id == sent.answer_id


async def test_naming_what_was_made_matches_too(backend: Backend) -> None:
    sent = await backend.send(key="k")
    again = await backend.send(key="k", session=sent.session_id, chain="rag")
    assert again.accepted.duplicate


async def test_a_repetition_is_answered_before_limits(backend: Backend) -> None:
    sent = await backend.send(key="k", generations=1)
    assert (await backend.send(key="k", generations=1)).answer_id == sent.answer_id
    assert await refusal(backend, key="other", generations=1) is Code.RATE_LIMITED


async def test_a_repetition_is_answered_before_busy(backend: Backend) -> None:
    sent = await backend.send(key="k")
    again = await backend.send(key="k", session=sent.session_id)
    assert again.accepted.duplicate
    assert await refusal(backend, key="other", session=sent.session_id) is Code.SESSION_BUSY


async def test_after_its_session_was_deleted_an_id_is_not_found_for_ever(backend: Backend) -> None:
    sent = await backend.exchange(key="k")
    await backend.store.delete("ann", sent.session_id)
    assert await refusal(backend, key="k") is Code.NOT_FOUND
    await backend.store.purge(backend.clock() + timedelta(seconds=1))
    assert await refusal(backend, key="k") is Code.NOT_FOUND
    assert await refusal(backend, key="k", session=sent.session_id) is Code.NOT_FOUND


async def test_a_repetition_can_be_asked_for_without_sending(backend: Backend) -> None:
    request = SendRequest("ann", "Why?", "k")
    assert await backend.store.repetition(request) is None
    sent = await backend.send("Why?", key="k")
    found = await backend.store.repetition(request)
    assert found is not None
    assert (found.duplicate, ids(found)) == (True, sent.accepted)
    with pytest.raises(ChatError) as refused:
        await backend.store.repetition(replace(request, content="Other"))
    assert refused.value.code is Code.IDEMPOTENCY_CONFLICT


async def test_a_repetition_names_the_place_before_its_own_answer(backend: Backend) -> None:
    first = await backend.exchange(key="k")
    await backend.exchange(session=first.session_id)
    again = await backend.send(key="k")
    assert again.accepted.before == first.accepted.before
    assert again.accepted.index == first.accepted.index
