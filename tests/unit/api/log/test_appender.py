"""What was taken for a commit is what is removed after it, whatever happened between."""

import asyncio
import random
import threading

import pytest

from api.core.errors import ChatError
from api.core.events import Ended, Event, Piece
from api.database import gathering
from api.database.writer import Transaction
from api.log import appender as appender_module
from api.log.appender import SqlAppender
from api.log.pieces import Addition
from api.service.follow import Follower, Start
from tests.support.backends import Backend, Sent
from tests.support.commits import Commits, Fails
from tests.support.fakes import Unattended

pytestmark = pytest.mark.anyio


async def text_of(backend: Backend, sent: Sent) -> str:
    events = await backend.events(sent.session_id)
    pieces = [event for event in events if isinstance(event, Piece)]
    at = 0
    for piece in pieces:
        assert piece.at == at
        at += len(piece.content)
    return "".join(piece.content for piece in pieces)


def poison(_: Transaction) -> None:
    raise ZeroDivisionError


async def test_what_comes_between_a_rollback_and_the_next_try_is_in_the_next_try(backend: Backend) -> None:
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    loop = asyncio.get_running_loop()
    async with backend.commit_under_way():
        writing.write("a")
        await asyncio.sleep(0)

        def late_and_poisonous(_: Transaction) -> None:
            """Runs behind the piece in its commit: "b" comes when "a" is taken, then all is undone."""
            done = asyncio.run_coroutine_threadsafe(late(), loop)
            done.result(5)
            raise ZeroDivisionError

        async def late() -> None:
            writing.write("b")

        broken = backend.writer.submit(late_and_poisonous, durable=False)
    with pytest.raises(ZeroDivisionError):
        await broken
    await writing.flushed()
    assert (await text_of(backend, sent)).rstrip("b") == "a"
    assert set(await text_of(backend, sent)) == {"a", "b"}


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_lost_doubled_or_moved_among_failing_commits(
    backend: Backend, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "RETRY_S", 0.001)
    chance = random.Random(seed)
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    said = ""
    poisoned = []
    for _ in range(300):
        text = chr(chance.choice([0x61, 0xDF, 0x1F600]) + chance.randrange(20)) * chance.randrange(1, 5)
        said += text
        writing.write(text)
        if chance.random() < 0.3:
            poisoned.append(backend.writer.submit(poison, durable=chance.random() < 0.5))
        if chance.random() < 0.02:
            with backend.locked():
                await asyncio.sleep(0.03)
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
    await writing.flushed()
    await asyncio.gather(*poisoned, return_exceptions=True)
    assert await text_of(backend, sent) == said
    event = await backend.end(sent)
    assert event is not None
    assert event.length == len(said)


async def test_after_an_error_nothing_more_is_tried(backend: Backend) -> None:
    sent = await backend.exchange()
    writing = backend.log.appender(sent.claim)
    writing.write("too late")
    for _ in range(3):
        with pytest.raises(Exception, match=sent.answer_id):
            await writing.flushed()
        writing.write("more")
    assert await text_of(backend, sent) == "Fine."


async def test_one_who_stops_waiting_does_not_stop_the_writing(backend: Backend) -> None:
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    async with backend.commit_under_way():
        writing.write("a")
        waiting = asyncio.ensure_future(writing.flushed())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        writing.write("b")
    await writing.flushed()
    assert await text_of(backend, sent) == "ab"


@pytest.mark.parametrize("how", Fails)
async def test_what_a_failed_commit_did_all_the_same_is_not_written_again(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, how: Fails
) -> None:
    monkeypatch.setattr(appender_module, "RETRY_S", 0.001)
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    commits = Commits(backend.database.writing, monkeypatch)
    commits.fail(how, None, how, how)
    for text in ("one ", "two ", "three"):
        writing.write(text)
        await writing.flushed()
    assert await text_of(backend, sent) == "one two three"


async def test_what_comes_while_it_is_tried_again_is_added_once(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second try holds more than the first, which was committed."""
    monkeypatch.setattr(appender_module, "RETRY_S", 0.05)
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    commits = Commits(backend.database.writing, monkeypatch)
    commits.fail(Fails.MADE)
    writing.write("one ")
    while not commits.made:  # noqa: ASYNC110 - it is made in the writer's thread
        await asyncio.sleep(0)
    writing.write("two")
    await writing.flushed()
    assert await text_of(backend, sent) == "one two"


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_lost_or_doubled_whatever_commits_do(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(appender_module, "RETRY_S", 0.0005)
    chance = random.Random(seed)
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    commits = Commits(backend.database.writing, monkeypatch)
    commits.fail(*(chance.choice([None, *Fails]) for _ in range(150)))
    said = ""
    while commits.next:
        said += (text := chr(chance.choice([0x61, 0xDF, 0x1F600])) * chance.choice([1, 3, 9000]))
        writing.write(text)
        if chance.random() < 0.3:
            await writing.flushed()
        await asyncio.sleep(0)
    await writing.flushed()
    assert await text_of(backend, sent) == said
    event = await backend.end(sent)
    assert event is not None
    assert event.length == len(said)


async def test_whoever_follows_sees_what_a_failed_commit_did_all_the_same(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody was told of it by the commit; the end may be among it, after which nothing more comes."""
    sent = await backend.send()
    follower = Follower(backend.log, Unattended())
    before = sent.accepted.before
    follower.follow(Start(sent.session_id, before, before.seq, recovered=False))
    await backend.say(sent, "seen")
    seen = await taken(follower)
    Commits(backend.database.writing, monkeypatch).fail(Fails.MADE)
    with pytest.raises(ChatError):
        await backend.end(sent)
    while not isinstance(seen[-1], Ended):
        seen += await taken(follower)
    assert seen == await backend.events(sent.session_id, sent.accepted.before.seq)
    follower.close()


async def taken(follower: Follower) -> list[Event]:
    turn = await follower.turn()
    assert turn is not None
    found = list(turn.follow.waiting)
    turn.follow.took(len(found))
    return found


async def test_whoever_waits_for_all_of_it_hurries_what_gathers(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHER_S", (1000, 1000))
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    async with asyncio.timeout(10):
        for text in "abc":
            writing.write(text)
            await writing.flushed()
    assert await text_of(backend, sent) == "abc"


async def test_what_comes_during_a_commit_does_not_gather_when_it_is_waited_for(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHER_S", (1000, 1000))
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    assert isinstance(writing, SqlAppender)
    take, taken, go_on = writing.addition, threading.Event(), threading.Event()

    def take_slowly() -> Addition:
        found = take()
        taken.set()
        assert go_on.wait(10)
        return found

    monkeypatch.setattr(writing, "addition", take_slowly)
    writing.write("a")
    assert await asyncio.to_thread(taken.wait, 10)
    writing.write("b")
    flushing = asyncio.create_task(writing.flushed())
    await asyncio.sleep(0)
    go_on.set()
    async with asyncio.timeout(10):
        await flushing
    assert await text_of(backend, sent) == "ab"
