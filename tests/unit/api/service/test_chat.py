"""What a user may ask for, and what comes of it whoever leaves meanwhile."""

import asyncio
from typing import Any

import pytest

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.core.notes import What
from api.service.follow import NOWHERE
from api.service.ports import SessionHint
from tests.support.backends import Backend
from tests.support.chats import Halting, World, saying, spoken, world

pytestmark = pytest.mark.anyio


@pytest.fixture
def ann(backend: Backend) -> World:
    return world(backend, saying("Fine."))


async def refusal(world: World, content: str = "Why?", user: str = "ann", **how: Any) -> ChatError:
    with pytest.raises(ChatError) as refused:
        await world.chat.send(user, content, **how)
    return refused.value


BAD = {
    "empty": ("", Code.INVALID),
    "blank": (" \n\t\u3000", Code.INVALID),
    "with NUL": ("a\0b", Code.INVALID),
    "with half a character": ("a\ud83d", Code.BAD_JSON),
    "too long": ("x" * 101, Code.TOO_LARGE),
}


@pytest.mark.parametrize(("content", "code"), BAD.values(), ids=BAD.keys())
async def test_a_message_that_cannot_be_is_refused(ann: World, content: str, code: Code) -> None:
    assert (await refusal(ann, content, client_message_id="k")).code is code
    assert list(await ann.chat.sessions("ann", 50, 0, None)) == []


async def test_lengths_are_counted_in_code_points(ann: World) -> None:
    assert (await ann.chat.send("ann", "👍" * 100)).index == 1


@pytest.mark.parametrize("key", ["", "x" * 129, "ümlaut", "line\n", "\x7f", "tab\t"])
async def test_a_bad_client_message_id_is_invalid(ann: World, key: str) -> None:
    assert (await refusal(ann, client_message_id=key)).code is Code.INVALID


@pytest.mark.parametrize("key", ["x", "x" * 128, "~ !"])
async def test_printable_ascii_is_an_id(ann: World, key: str) -> None:
    assert (await ann.chat.send("ann", "Why?", client_message_id=key)).client_message_id == key


async def test_without_an_id_the_server_makes_one(ann: World) -> None:
    sent = [await ann.chat.send("ann", "Why?") for _ in range(2)]
    assert len({accepted.client_message_id for accepted in sent}) == 2


async def test_an_unknown_chain_is_told(ann: World) -> None:
    assert (await refusal(ann, chain="nobody")).code is Code.UNKNOWN_CHAIN
    with pytest.raises(ChatError) as refused:
        await ann.chat.create_session("ann", None, "nobody")
    assert refused.value.code is Code.UNKNOWN_CHAIN


async def test_a_repetition_starts_nothing(backend: Backend) -> None:
    chain = Halting("once")
    ann = world(backend, spoken(chain.speak))
    sent = await asyncio.gather(*(ann.chat.send("ann", "Why?", client_message_id="k") for _ in range(20)))
    chain.released.set()
    await ann.answered(sent[0].pending_message_id)
    assert chain.runs == 1
    assert sum(not accepted.duplicate for accepted in sent) == 1


async def test_a_server_that_leaves_takes_nothing_new_but_answers_repetitions(ann: World) -> None:
    first = await ann.chat.send("ann", "Why?", client_message_id="k")
    await ann.runner.drain(5)
    refused = await refusal(ann)
    assert refused.code is Code.OVERLOADED
    assert refused.retry_after_ms
    again = await ann.chat.send("ann", "Why?", client_message_id="k")
    assert (again.duplicate, again.pending_message_id) == (True, first.pending_message_id)


async def test_a_repetition_is_answered_before_the_rate(ann: World) -> None:
    first = await ann.chat.send("ann", "Why?", client_message_id="k")
    ann.rates.wait_ms = 1234
    refused = await refusal(ann)
    assert (refused.code, refused.retry_after_ms) == (Code.RATE_LIMITED, 1234)
    again = await ann.chat.send("ann", "Why?", client_message_id="k")
    assert again.pending_message_id == first.pending_message_id
    assert (await refusal(ann, "Other?", client_message_id="k")).code is Code.IDEMPOTENCY_CONFLICT


@pytest.mark.parametrize("turns", range(8))
async def test_a_sender_whose_connection_is_lost_gets_its_answer_all_the_same(
    backend: Backend, turns: int
) -> None:
    ann = world(backend, saying("Fine."))
    sending = asyncio.create_task(ann.chat.send("ann", "Why?", client_message_id="k"))
    await asyncio.sleep(0)
    async with backend.commit_under_way():
        for _ in range(turns):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    again = await ann.chat.send("ann", "Why?", client_message_id="k")
    answer = await ann.answered(again.pending_message_id)
    assert (answer.content, answer.status) == ("Fine.", Status.COMPLETE)


async def test_one_who_deletes_and_leaves_has_deleted(backend: Backend) -> None:
    chain = Halting()
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    async with backend.commit_under_way():
        deleting = asyncio.create_task(ann.chat.delete("ann", accepted.session_id))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        deleting.cancel()
        await asyncio.gather(deleting, return_exceptions=True)
    await chain.closed.wait()
    with pytest.raises(ChatError):
        await ann.chat.session("ann", accepted.session_id)


async def test_stopping_an_ended_answer_tells_how_it_ended(ann: World) -> None:
    answer = await ann.asked()
    assert await ann.chat.stop("ann", answer.id) is Status.COMPLETE


async def test_stopping_works_where_nothing_runs_any_more(ann: World) -> None:
    sent = await ann.backend.send()
    assert await ann.chat.stop("ann", sent.answer_id) is Status.CANCELLED
    assert (await ann.backend.store.message("ann", sent.answer_id)).status is Status.CANCELLED


async def test_who_stops_what_runs_is_noted_and_who_stops_what_has_ended_is_not(ann: World) -> None:
    sent, ended = await ann.backend.send(), await ann.backend.exchange()
    for message in (sent.answer_id, ended.answer_id):
        await ann.chat.stop("ann", message)
    assert ann.notes.of(sent.answer_id) == [What.STOP_ASKED]
    assert ann.notes.of(ended.answer_id) == []


async def test_stopping_what_is_not_ones_own_is_not_found(backend: Backend) -> None:
    chain = Halting()
    world_of_bob = world(backend, spoken(chain.speak))
    accepted = await world_of_bob.chat.send("bob", "Why?")
    for message in (accepted.pending_message_id, "unknown"):
        with pytest.raises(ChatError) as refused:
            await world_of_bob.chat.stop("ann", message)
        assert refused.value.code is Code.NOT_FOUND
    assert accepted.pending_message_id in world_of_bob.runner
    await world_of_bob.chat.stop("bob", accepted.pending_message_id)


async def test_stop_against_done_makes_one_end(backend: Backend) -> None:
    for turns in range(25):
        ann = world(backend, saying("a", "b"))
        accepted = await ann.chat.send("ann", "Why?")
        for _ in range(turns * 3):
            await asyncio.sleep(0)
        told = await ann.chat.stop("ann", accepted.pending_message_id)
        answer = await ann.answered(accepted.pending_message_id)
        assert told is answer.status
        assert told.terminal


async def test_waiting_for_the_end_gives_what_is_stored(ann: World) -> None:
    accepted = await ann.chat.send("ann", "Why?")
    answer = await ann.chat.ended("ann", accepted)
    assert accepted.question == await ann.backend.store.message("ann", accepted.user_message_id)
    assert answer == await ann.backend.store.message("ann", accepted.pending_message_id)


async def test_one_who_waits_for_the_end_is_a_follower_who_comes_and_leaves(backend: Backend) -> None:
    chain = Halting("half ", then="whole")
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    waiting = asyncio.ensure_future(ann.chat.ended("ann", accepted))
    await asyncio.sleep(0)
    chain.released.set()
    await waiting
    came, left = (note for note in ann.notes.made if note[1] == accepted.session_id)
    assert [(note[0], note[2]["door"]) for note in (came, left)] == [
        (What.FOLLOWER_CAME, "rest"),
        (What.FOLLOWER_LEFT, "rest"),
    ]
    last = (await backend.events(accepted.session_id))[-1].seq
    assert left[2]["position"] == {"epoch": accepted.before.epoch, "seq": last}


@pytest.mark.parametrize("ended", [False, True])
async def test_waiting_for_a_repetition_gives_the_same(backend: Backend, ended: bool) -> None:
    chain = Halting("half ", then="whole")
    ann = world(backend, spoken(chain.speak))
    await ann.chat.send("ann", "Why?", client_message_id="k")
    await chain.waits.wait()
    if ended:
        chain.released.set()
        await chain.closed.wait()
    again = await ann.chat.send("ann", "Why?", client_message_id="k")
    waiting = asyncio.ensure_future(ann.chat.ended("ann", again))
    await asyncio.sleep(0)
    chain.released.set()
    assert (await waiting).content == "half whole"


async def test_waiting_for_an_answer_whose_session_is_deleted_gives_it_cancelled(backend: Backend) -> None:
    chain = Halting("half")
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    await ann.chat.delete("ann", accepted.session_id)
    answer = await ann.chat.ended("ann", accepted)
    assert (answer.content, answer.status) == ("half", Status.CANCELLED)
    await chain.closed.wait()


async def test_an_answer_that_a_leaving_server_could_not_end_is_no_answer(backend: Backend) -> None:
    chain = Halting("half ", then="whole")
    ann = world(backend, spoken(chain.speak))
    accepted = await ann.chat.send("ann", "Why?")
    await chain.waits.wait()
    waiting = asyncio.ensure_future(ann.chat.ended("ann", accepted))
    ann.chat.part()
    with pytest.raises(ChatError) as refused:
        await waiting
    assert (refused.value.code, refused.value.retry_after_ms) == (Code.OVERLOADED, 2000)
    chain.released.set()
    await chain.closed.wait()


async def test_the_users_other_connections_are_told(ann: World) -> None:
    told: list[SessionHint] = []
    ann.hints.listen("ann", lambda hint: told.append(hint) if isinstance(hint, SessionHint) else None)
    session = await ann.chat.create_session("ann", "  My \0 trip ", None)
    renamed = await ann.chat.rename("ann", session.id, "Our trip")
    await ann.chat.delete("ann", session.id)
    assert told == [
        SessionHint(session.id, session),
        SessionHint(session.id, renamed),
        SessionHint(session.id, None),
    ]
    assert session.title == "My trip"


async def test_a_title_without_words_is_invalid(ann: World) -> None:
    session = await ann.chat.create_session("ann", None, None)
    assert session.title
    with pytest.raises(ChatError) as refused:
        await ann.chat.rename("ann", session.id, " \n")
    assert refused.value.code is Code.INVALID


async def test_following_what_is_not_ones_own_is_not_found(ann: World) -> None:
    bobs = await ann.backend.exchange(user="bob")
    for session in (bobs.session_id, "unknown"):
        with pytest.raises(ChatError) as refused:
            await ann.chat.begin("ann", session, NOWHERE)
        assert refused.value.code is Code.NOT_FOUND


async def test_a_sender_begins_before_its_answer_however_fast_it_was(ann: World) -> None:
    accepted = await ann.chat.send("ann", "Why?")
    await ann.answered(accepted.pending_message_id)
    start = await ann.chat.begin_after(accepted)
    assert (start.position, start.recovered) == (accepted.before, False)
    following = await ann.backend.events(accepted.session_id, start.position.seq)
    assert {event.message_id for event in following} == {accepted.pending_message_id}
    assert start.end == accepted.before.seq + 1  # the log as the acceptance left it
