"""An answer ends once, with its whole text, in one step with its terminal event."""

import asyncio
import random
import zlib
from collections.abc import Mapping

import pytest

from api.core.errors import ChatError, Code, Problem
from api.core.events import Ended
from api.core.lifecycle import IllegalMoveError, Status
from api.core.records import JSON
from api.database.writer import Transaction
from api.service.ports import Ending, Outcome
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio

ENDS = [Status.COMPLETE, Status.CANCELLED, Status.FAILED, Status.INTERRUPTED]
PROBLEM = Problem(Code.CHAIN_FAILED, "It broke.", retryable=True, error_id="e-1")
SOURCE: Mapping[str, JSON] = {
    "id": "1",
    "title": "T",
    "uri": None,
    "excerpt": "…",
    "score": 0.5,
    "location": {"page": 3},
}


@pytest.mark.parametrize("status", ENDS)
@pytest.mark.parametrize("texts", [[], ["Ein ", "größerer ", "Satz 👩‍👩‍👧"]])
async def test_text_length_and_checksum_are_those_of_the_joined_pieces(
    backend: Backend, status: Status, texts: list[str]
) -> None:
    sent = await backend.send()
    await backend.say(sent, *texts)
    event = await backend.end(sent, status)
    whole = "".join(texts)
    assert event is not None
    assert event.length == len(whole)
    assert event.crc32 == f"{zlib.crc32(whole.encode()):08x}"
    message = await backend.store.message("ann", sent.answer_id)
    assert (message.content, message.status) == (whole, status)
    assert (await backend.events(sent.session_id))[-1] == event


async def test_what_the_message_says_is_what_its_event_says(backend: Backend) -> None:
    sent = await backend.send()
    backend.clock.forward(1.5)
    ending = Ending(sent.answer_id, Status.FAILED, (SOURCE,), 0.25, PROBLEM, sent.claim.fence)
    outcome = await backend.store.finish(ending)
    event = outcome.ended
    message = await backend.store.message("ann", sent.answer_id)
    assert event is not None
    assert outcome.status is event.status is message.status is Status.FAILED
    assert event.sources == message.sources == (SOURCE,)
    assert event.confidence == message.confidence == 0.25
    assert event.error == message.error == PROBLEM
    assert event.generation_time_ms == message.generation_time_ms == 1500
    assert event.completed_at == message.completed_at == backend.clock()
    assert (await backend.events(sent.session_id))[-1] == event


async def test_of_twenty_endings_at_once_one_wins(backend: Backend) -> None:
    sent = await backend.send()
    await backend.say(sent, "text")
    endings = [Ending(sent.answer_id, random.Random(seed).choice(ENDS)) for seed in range(20)]
    outcomes = await asyncio.gather(*(backend.store.finish(ending) for ending in endings))
    winners = [outcome.ended for outcome in outcomes if outcome.ended is not None]
    assert len(winners) == 1
    assert {outcome.status for outcome in outcomes} == {winners[0].status}
    assert (await backend.store.message("ann", sent.answer_id)).status is winners[0].status
    found = await backend.events(sent.session_id)
    assert [event for event in found if isinstance(event, Ended)] == winners


async def test_a_terminal_message_never_changes(backend: Backend) -> None:
    sent = await backend.exchange("Kept.")
    before = await backend.store.message("ann", sent.answer_id)
    backend.clock.forward(60)
    late = Ending(sent.answer_id, Status.FAILED, (SOURCE,), 0.1, PROBLEM)
    assert await backend.store.finish(late) == Outcome(Status.COMPLETE)
    assert await backend.store.message("ann", sent.answer_id) == before


async def test_only_the_holder_of_the_fence_ends_with_it(backend: Backend) -> None:
    sent = await backend.send()
    stolen = Ending(sent.answer_id, Status.COMPLETE, fence="stolen")
    assert await backend.store.finish(stolen) == Outcome(Status.PENDING)
    assert await backend.end(sent) is not None


async def test_an_answer_cannot_end_as_something_that_is_no_end(backend: Backend) -> None:
    sent = await backend.send()
    with pytest.raises(IllegalMoveError):
        await backend.store.finish(Ending(sent.answer_id, Status.PENDING))
    assert (await backend.store.message("ann", sent.answer_id)).status is Status.PENDING
    assert len(await backend.events(sent.session_id)) == 2


async def test_text_that_waits_in_the_same_commit_is_in_the_end(backend: Backend) -> None:
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    async with backend.commit_under_way():
        writing.write("last words")
        await asyncio.sleep(0)
        ending = asyncio.ensure_future(backend.end(sent))
        await asyncio.sleep(0)
    event = await ending
    assert event is not None
    assert event.length == len("last words")


async def test_a_poisoned_unit_spoils_no_other_of_its_commit(backend: Backend) -> None:
    sent = [await backend.send() for _ in range(3)]

    def poison(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql("DELETE FROM sends")
        raise ZeroDivisionError

    async with backend.commit_under_way():
        first = backend.store.finish(Ending(sent[0].answer_id, Status.COMPLETE))
        bad = backend.writer.submit(poison, durable=False)
        second = backend.store.finish(Ending(sent[1].answer_id, Status.COMPLETE))
        third = backend.send("after", key="k")
        rest = asyncio.gather(first, second, third)
        await asyncio.sleep(0)
    await rest
    with pytest.raises(ZeroDivisionError):
        await bad
    assert await backend.running() == {sent[2].answer_id, rest.result()[2].answer_id}
    assert (await backend.send("after", key="k")).accepted.duplicate
    seqs = [(event.session_id, event.seq) for event in backend.published]
    assert len(seqs) == len(set(seqs)), "published once, though it was tried twice"


async def test_a_refused_unit_disturbs_no_other_of_its_commit(backend: Backend) -> None:
    busy = await backend.send()
    async with backend.commit_under_way():
        sends = [backend.send(), backend.send(session=busy.session_id), backend.send()]
        outcomes = asyncio.gather(*sends, return_exceptions=True)
        await asyncio.sleep(0)
    first, refused, second = await outcomes
    assert isinstance(refused, ChatError)
    assert not isinstance(first, BaseException)
    assert not isinstance(second, BaseException)


async def test_while_nothing_can_be_written_nothing_is_accepted_or_ended(backend: Backend) -> None:
    sent = await backend.send()
    with backend.locked():
        attempts = (backend.send(key="k"), backend.end(sent), backend.store.delete("ann", sent.session_id))
        for outcome in await asyncio.gather(*attempts, return_exceptions=True):
            assert isinstance(outcome, ChatError)
            assert outcome.code is Code.STORAGE_UNAVAILABLE
            assert outcome.retry_after_ms
    assert not (await backend.send(key="k")).accepted.duplicate
    assert await backend.end(sent) is not None


async def test_what_waits_for_a_locked_database_fails_together_and_soon(backend: Backend) -> None:
    loop = asyncio.get_running_loop()
    with backend.locked():
        began = loop.time()
        outcomes = await asyncio.gather(*(backend.send() for _ in range(100)), return_exceptions=True)
        assert all(isinstance(outcome, ChatError) for outcome in outcomes)
        assert loop.time() - began < 2, "each waits for the lock by itself"


async def test_what_runs_is_known(backend: Backend) -> None:
    assert await backend.running() == set()
    sent = [await backend.send(user=user) for user in ("ann", "bob")]
    await backend.say(sent[0], "a")
    assert await backend.running() == {each.answer_id for each in sent}
    await backend.end(sent[0])
    assert await backend.running() == {sent[1].answer_id}


async def test_whoever_ends_it_is_told_how_that_left_the_session(backend: Backend) -> None:
    sent = await backend.send()
    await backend.say(sent, "Fine.")
    outcome = await backend.store.finish(Ending(sent.answer_id, Status.COMPLETE))
    assert outcome.session is not None
    assert outcome.session == await backend.store.session("ann", sent.session_id)
    assert outcome.session.last_message_preview == "Fine."
