"""A further attempt is asked for like a message: within the limits, once, and whoever leaves meanwhile."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.core.records import Message
from api.service.ports import SessionHint
from tests.support.backends import Backend
from tests.support.chats import Halting, World, saying, spoken, world
from tests.support.commits import Commits, Fails

pytestmark = pytest.mark.anyio


@pytest.fixture
def ann(backend: Backend) -> World:
    return world(backend, saying("Fine."))


async def refusal(world: World, answer_id: str, **how: Any) -> ChatError:  # Any: what `retry` takes
    with pytest.raises(ChatError) as refused:
        await world.chat.retry("ann", answer_id, **how)
    return refused.value


class Remembering:
    """A chain that says how often it was asked, and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, list[str]]] = []

    async def speak(self, given: dict[str, Any]) -> Any:  # a chain's own input and output
        past: list[BaseMessage] = given["chat_history"]
        self.told.append((given["question"], [str(message.content) for message in past]))
        yield f"Answer {len(self.told)}."


async def test_the_chain_is_asked_the_same_again_and_told_of_no_earlier_attempt(backend: Backend) -> None:
    chain = Remembering()
    ann = world(backend, spoken(chain.speak))
    first = await ann.asked("One?")
    again = await ann.chat.send("ann", "Two?", session_id=first.session_id)
    for _ in range(2):
        answer = await ann.answered(again.pending_message_id)
        again = await ann.chat.retry("ann", answer.id)
    await ann.answered(again.pending_message_id)
    assert chain.told[1:] == [("Two?", ["One?", "Answer 1."])] * 3
    last = await ann.chat.send("ann", "Three?", session_id=first.session_id)
    await ann.answered(last.pending_message_id)
    assert chain.told[-1] == ("Three?", ["One?", "Answer 1.", "Two?", "Answer 4."])


async def test_waiting_for_an_attempt_gives_what_is_stored(ann: World) -> None:
    first = await ann.asked()
    accepted = await ann.chat.retry("ann", first.id)
    answer = await ann.chat.ended("ann", accepted)
    assert (answer.retry_of, answer.status) == (first.id, Status.COMPLETE)
    assert answer == await ann.backend.store.message("ann", accepted.pending_message_id)
    assert accepted.question == await ann.backend.store.message("ann", accepted.user_message_id)


@pytest.mark.parametrize("ended", [False, True])
async def test_waiting_for_a_repeated_attempt_gives_the_same(backend: Backend, ended: bool) -> None:
    ann = world(backend, saying("Old."))
    first = await ann.asked()
    chain = Halting("half ", then="whole")
    ann.chains["rag"] = spoken(chain.speak)
    made = await ann.chat.retry("ann", first.id, client_message_id="k")
    await chain.waits.wait()
    if ended:
        chain.released.set()
        await ann.answered(made.pending_message_id)
    again = [await ann.chat.retry("ann", first.id, client_message_id=key) for key in ("k", "late", None)]
    waiting = [asyncio.ensure_future(ann.chat.ended("ann", accepted)) for accepted in again]
    await asyncio.sleep(0)
    chain.released.set()
    answers: list[Message] = await asyncio.gather(*waiting)
    assert {(answer.id, answer.content) for answer in answers} == {(made.pending_message_id, "half whole")}
    assert chain.runs == 1


async def test_waiting_for_an_attempt_whose_session_is_deleted_gives_it_cancelled(backend: Backend) -> None:
    ann = world(backend, saying("Old."))
    first = await ann.asked()
    chain = Halting("half")
    ann.chains["rag"] = spoken(chain.speak)
    accepted = await ann.chat.retry("ann", first.id)
    await chain.waits.wait()
    await ann.chat.delete("ann", accepted.session_id)
    answer = await ann.chat.ended("ann", accepted)
    assert (answer.content, answer.status) == ("half", Status.CANCELLED)


async def test_fifty_retries_at_once_run_the_chain_once(ann: World) -> None:
    first = await ann.asked()
    chain = Halting("once")
    ann.chains["rag"] = spoken(chain.speak)
    made = await asyncio.gather(*(ann.chat.retry("ann", first.id) for _ in range(50)))
    chain.released.set()
    await ann.answered(made[0].pending_message_id)
    assert chain.runs == 1
    assert len({accepted.pending_message_id for accepted in made}) == 1
    assert sum(not accepted.duplicate for accepted in made) == 1
    assert sorted(ann.rates.counted) == [False] * 49 + [True] * 2


async def test_a_retry_waits_for_the_users_rate_like_a_send(ann: World) -> None:
    first = await ann.asked()
    ann.rates.wait_ms = 1234
    refused = await refusal(ann, first.id)
    assert (refused.code, refused.retry_after_ms) == (Code.RATE_LIMITED, 1234)


@pytest.mark.parametrize("key", ["k", "late"])
async def test_what_was_retried_is_answered_whatever_the_rate_and_its_id_is_kept(
    ann: World, key: str
) -> None:
    first, other = await ann.asked(), await ann.asked()
    made = await ann.chat.retry("ann", first.id, client_message_id="k")
    ann.rates.wait_ms = 1234
    again = await ann.chat.retry("ann", first.id, client_message_id=key)
    assert (again.pending_message_id, again.duplicate) == (made.pending_message_id, True)
    assert again.client_message_id == key
    assert (await refusal(ann, other.id, client_message_id=key)).code is Code.IDEMPOTENCY_CONFLICT


async def test_a_server_that_leaves_begins_no_attempt_but_tells_of_those_it_made(ann: World) -> None:
    first = await ann.asked()
    made = await ann.chat.retry("ann", first.id)
    await ann.runner.drain(5)
    assert (await ann.chat.retry("ann", first.id)).pending_message_id == made.pending_message_id
    assert (await refusal(ann, made.pending_message_id)).code is Code.OVERLOADED


@pytest.mark.parametrize("key", ["", "x" * 129, "ümlaut"])
async def test_a_bad_client_message_id_is_invalid(ann: World, key: str) -> None:
    first = await ann.asked()
    assert (await refusal(ann, first.id, client_message_id=key)).code is Code.INVALID


@pytest.mark.parametrize("turns", range(8))
async def test_one_who_retries_and_leaves_gets_the_attempt_all_the_same(backend: Backend, turns: int) -> None:
    ann = world(backend, saying("Fine."))
    first = await ann.asked()
    asking = asyncio.create_task(ann.chat.retry("ann", first.id))
    await asyncio.sleep(0)
    async with backend.commit_under_way():
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    again = await ann.chat.retry("ann", first.id)
    answer = await ann.answered(again.pending_message_id)
    assert (answer.content, answer.status, answer.index) == ("Fine.", Status.COMPLETE, 3)


async def test_an_attempt_can_be_stopped_and_tried_again(ann: World) -> None:
    first = await ann.asked()
    chain = Halting("half")
    ann.chains["rag"] = spoken(chain.speak)
    second = await ann.chat.retry("ann", first.id)
    await chain.waits.wait()
    assert await ann.chat.stop("ann", first.id) is Status.COMPLETE, "the one before has ended"
    assert await ann.chat.stop("ann", second.pending_message_id) is Status.CANCELLED
    ann.chains["rag"] = saying("Whole.")
    third = await ann.chat.retry("ann", second.pending_message_id)
    assert (await ann.answered(third.pending_message_id)).content == "Whole."


async def test_one_who_retries_begins_before_the_attempt_however_fast_it_was(ann: World) -> None:
    first = await ann.asked()
    accepted = await ann.chat.retry("ann", first.id)
    await ann.answered(accepted.pending_message_id)
    start = await ann.chat.begin_after(accepted)
    assert (start.position, start.recovered) == (accepted.before, False)
    following = await ann.backend.events(accepted.session_id, start.position.seq)
    assert {event.message_id for event in following} == {accepted.pending_message_id}


async def test_the_users_other_connections_are_told_of_an_attempt(ann: World) -> None:
    first = await ann.asked()
    told: list[SessionHint] = []
    ann.hints.listen("ann", lambda hint: told.append(hint) if isinstance(hint, SessionHint) else None)
    accepted = await ann.chat.retry("ann", first.id)
    await ann.answered(accepted.pending_message_id)
    await ann.chat.settled()
    assert {hint.session_id for hint in told} == {first.session_id}
    assert {hint.session.message_count for hint in told if hint.session} == {2}


async def test_what_was_accepted_is_told_again_while_nothing_can_be_written(ann: World) -> None:
    sent = await ann.chat.send("ann", "Why?", client_message_id="s")
    await ann.answered(sent.pending_message_id)
    made = await ann.chat.retry("ann", sent.pending_message_id, client_message_id="r")
    await ann.answered(made.pending_message_id)
    with ann.backend.locked():
        again = await ann.chat.send("ann", "Why?", client_message_id="s")
        assert (again.pending_message_id, again.duplicate) == (sent.pending_message_id, True)
        again = await ann.chat.retry("ann", sent.pending_message_id, client_message_id="r")
        assert (again.pending_message_id, again.duplicate) == (made.pending_message_id, True)
        with pytest.raises(ChatError) as differs:
            await ann.chat.send("ann", "How?", client_message_id="s")
        with pytest.raises(ChatError) as new:
            await ann.chat.send("ann", "Why?", client_message_id="new")
    assert differs.value.code is Code.IDEMPOTENCY_CONFLICT
    assert new.value.code is Code.STORAGE_UNAVAILABLE
    assert not (await ann.chat.send("ann", "Why?", client_message_id="new")).duplicate


async def test_a_lost_answer_that_cannot_be_ended_now_is_told_as_it_stands(
    ann: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = await ann.backend.send("Why?", key="s")

    async def check(_: str) -> bool:
        raise ChatError(Code.STORAGE_UNAVAILABLE)

    monkeypatch.setattr(ann.reaper, "check", check)
    with ann.backend.locked():
        again = await ann.chat.send("ann", "Why?", client_message_id="s")
    assert (again.pending_message_id, again.status) == (lost.answer_id, Status.PENDING)


async def test_a_message_that_was_saved_although_its_commit_failed_is_confirmed_and_ends(
    ann: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Commits(ann.backend.database.writing, monkeypatch).fail(Fails.MADE)
    sent = await ann.chat.send("ann", "Why?")
    assert (sent.duplicate, sent.status) == (True, Status.PENDING)
    for _ in range(2):
        await ann.reaper.once()
    answer = await ann.answered(sent.pending_message_id)
    assert answer.status is Status.INTERRUPTED
