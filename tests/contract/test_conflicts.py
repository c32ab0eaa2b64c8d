"""Two servers that change the same at the same moment: one after the other, and each is told the truth."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.database.jobs import Job
from api.database.locks import hold_session
from api.database.writer import Transaction, Writer
from api.log.appender import SqlAppender
from api.service.ports import ClaimLostError, Ending
from api.store.purge import purge
from tests.support.backends import Backend, Sent, another_server, backend_named
from tests.support.postgres import server

pytestmark = pytest.mark.anyio

ROUNDS = 60


@dataclass
class Two:
    one: Backend
    two: Backend


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Two]:
    async with (
        backend_named("postgresql", tmp_path) as one,
        another_server(one, tmp_path, "two") as two,
    ):
        yield Two(one, two)


async def speaking(backend: Backend, sent: Sent) -> None:
    """Word after word, until somebody else has ended it."""
    appender = backend.log.appender(sent.claim)
    for _ in range(1000):
        appender.write("word ")
        try:
            await appender.flushed()
        except ClaimLostError:
            return
    raise AssertionError("nobody has ended it")


async def test_whoever_ends_what_another_server_writes_keeps_all_that_was_committed(both: Two) -> None:
    chance = Random(1)
    for _ in range(ROUNDS):
        sent = await both.one.send()
        task = asyncio.create_task(speaking(both.one, sent))
        await asyncio.sleep(chance.random() * 0.01)  # anywhere between two commits
        outcome = await both.two.store.finish(Ending(sent.answer_id, Status.CANCELLED))
        await task
        assert outcome.ended is not None
        kept = await both.two.store.message("ann", sent.answer_id)
        events = await both.two.events(sent.session_id)
        said = "".join(event.content for event in events[2:-1])  # type: ignore[union-attr]  # pieces
        assert kept.content == said
        assert outcome.ended.length == len(said)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def test_of_two_who_end_the_same_one_does(both: Two) -> None:
    for _ in range(ROUNDS):
        sent = await both.one.send()
        await both.one.say(sent, "a")
        outcomes = await asyncio.gather(
            both.one.store.finish(Ending(sent.answer_id, Status.COMPLETE, fence=sent.claim.fence)),
            both.two.store.finish(Ending(sent.answer_id, Status.CANCELLED)),
        )
        assert sum(outcome.ended is not None for outcome in outcomes) == 1
        assert len({outcome.status for outcome in outcomes}) == 1


async def test_one_id_is_accepted_once_in_one_new_session(both: Two) -> None:
    for number in range(ROUNDS):
        found = await asyncio.gather(
            *(each.send("What?", key=f"k{number}", generations=1000) for each in (both.one, both.two) * 3)
        )
        assert len({sent.answer_id for sent in found}) == 1
        assert [sent.accepted.duplicate for sent in found].count(False) == 1


async def test_of_two_who_send_into_one_session_one_is_accepted(both: Two) -> None:
    session = (await both.one.exchange()).session_id
    for _ in range(ROUNDS):
        found = await asyncio.gather(
            both.one.send(session=session), both.two.send(session=session), return_exceptions=True
        )
        refused = [each for each in found if isinstance(each, ChatError)]
        assert [error.code for error in refused] == [Code.SESSION_BUSY]
        accepted = [each for each in found if isinstance(each, Sent)]
        await both.one.store.finish(Ending(accepted[0].answer_id, Status.CANCELLED))


async def test_no_more_answers_run_for_a_user_than_may(both: Two) -> None:
    for number in range(10):
        user = f"user {number}"
        found = await asyncio.gather(
            *(each.send(user=user, generations=3) for each in (both.one, both.two) * 4),
            return_exceptions=True,
        )
        refused = [each.code for each in found if isinstance(each, ChatError)]
        assert refused == [Code.RATE_LIMITED] * 5


async def test_no_more_is_sent_in_a_minute_than_may(both: Two) -> None:
    for each in (both.one, both.two):
        each.store._per_minute = 10
    found = await asyncio.gather(*(each.send() for each in (both.one, both.two) * 8), return_exceptions=True)
    refused = [each for each in found if isinstance(each, ChatError)]
    assert [error.code for error in refused] == [Code.RATE_LIMITED] * 6
    assert all(0 < (error.retry_after_ms or 0) <= 60_000 for error in refused)
    both.one.clock.forward(61)
    await both.two.send()


async def test_deleting_against_sending_leaves_nothing_half_done(both: Two) -> None:
    for _ in range(ROUNDS):
        session = (await both.one.exchange()).session_id
        found = await asyncio.gather(
            both.one.store.delete("ann", session), both.two.send(session=session), return_exceptions=True
        )
        assert not isinstance(found[0], BaseException)
        sent = found[1]
        if isinstance(sent, Sent):
            assert found[0] == sent.answer_id, "what was accepted before was cancelled with its session"
        else:
            assert isinstance(sent, ChatError)
            assert sent.code is Code.NOT_FOUND
    assert await both.one.running() == set()


async def test_a_session_that_somebody_holds_does_not_hold_up_the_others(both: Two) -> None:
    held, free = await both.one.send(user="held"), await both.one.send(user="free")
    await both.one.change(partial(_patience, ms=200))
    async with _holding(both.two, held.session_id):
        stuck = asyncio.create_task(both.one.end(held))
        assert await both.one.end(free) is not None
        with pytest.raises(ChatError) as refused:
            await stuck
        assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert await both.one.end(held) is not None


def _patience(transaction: Transaction, ms: int) -> None:
    transaction.connection.execute(text(f"SET lock_timeout = {ms}"))


@asynccontextmanager
async def _holding(backend: Backend, session_id: str) -> AsyncIterator[None]:
    """Another server is frozen in the middle of a change to this session."""
    begun, done = threading.Event(), threading.Event()

    def hold(transaction: Transaction) -> None:
        hold_session(transaction.connection, session_id)
        begun.set()
        assert done.wait(15)

    holding = backend.writer.submit(hold, durable=False)
    assert await asyncio.to_thread(begun.wait, 15)
    try:
        yield
    finally:
        done.set()
        await holding


async def test_a_connection_that_was_cut_before_a_commit_is_made_anew_without_a_word(both: Two) -> None:
    await both.one.exchange()
    database = both.one.database.writing.url.database
    server().run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
    sent = await both.one.exchange()
    assert (await both.two.store.message("ann", sent.answer_id)).content == "Fine."
    assert len((await both.one.store.page("ann", sent.session_id, 50, None)).messages) == 2


@pytest.fixture
def commits(both: Two, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many jobs each transaction of the first server has."""
    found: list[int] = []
    transact = Writer._transact

    def counted(self: Writer, transaction: Transaction, batch: list[Job]) -> None:
        if self is both.one.writer:
            found.append(len(batch))
        transact(self, transaction, batch)

    monkeypatch.setattr(Writer, "_transact", counted)
    return found


async def many_speaking(both: Two, count: int = 50) -> tuple[list[Sent], list[SqlAppender]]:
    """All of them have said something."""
    sent = [await both.one.send(user=f"u{number}") for number in range(count)]
    appenders = [SqlAppender(both.one.writer, each.claim) for each in sent]
    await said(appenders, "first ")
    return sent, appenders


async def said(appenders: Sequence[SqlAppender], text: str) -> list[BaseException | None]:
    for appender in appenders:
        appender.write(text)
    return await asyncio.gather(*(each.flushed() for each in appenders), return_exceptions=True)


async def test_one_that_was_ended_elsewhere_does_not_split_the_commit_of_all(
    both: Two, commits: list[int]
) -> None:
    sent, appenders = await many_speaking(both)
    await both.two.store.finish(Ending(sent[20].answer_id, Status.CANCELLED))
    commits.clear()
    async with both.one.commit_under_way():
        saying = asyncio.create_task(said(appenders, "second "))
        new = asyncio.create_task(both.one.send(user="zoe"))
        await asyncio.sleep(0.05)  # they gather behind the commit
    outcomes = await saying
    assert [isinstance(each, ClaimLostError) for each in outcomes].count(True) == 1
    assert [each for each in outcomes if each is not None and not isinstance(each, ClaimLostError)] == []
    assert (await new).accepted.duplicate is False
    assert len(commits) < 10
    assert both.one.writer.trouble.reason is None


async def test_an_id_with_nul_is_not_found_and_spoils_nothing(both: Two, commits: list[int]) -> None:
    one = both.one
    for ask in (
        one.store.session("ann", "a\0"),
        one.store.message("ann", "a\0"),
        one.send(session="a\0"),
        one.retry("a\0"),
        one.log.state("a\0", "ann"),
        one.store.rename("ann", "a\0", "x"),
        one.store.delete("ann", "a\0"),
    ):
        with pytest.raises(ChatError) as refused:
            await ask
        assert refused.value.code is Code.NOT_FOUND


async def test_a_user_who_is_erased_while_they_send_is_there_again(both: Two) -> None:
    sent = await both.one.exchange()
    await both.one.store.delete("ann", sent.session_id)
    both.one.clock.forward(120)
    begun, done = threading.Event(), threading.Event()

    def erase(transaction: Transaction) -> None:
        purge(transaction, both.one.clock())
        begun.set()
        assert done.wait(15)

    erasing = both.two.writer.submit(erase, durable=False)
    assert await asyncio.to_thread(begun.wait, 15)
    await both.one.change(partial(_patience, ms=5000))
    sending = asyncio.create_task(both.one.send())
    await asyncio.sleep(0.05)  # it waits for the other's commit
    done.set()
    await erasing
    assert (await sending).accepted.duplicate is False


async def test_a_long_first_piece_against_a_stop_makes_nobody_wait_for_long(both: Two) -> None:
    chance = Random(2)
    for each in (both.one, both.two):
        await each.change(partial(_patience, ms=500))
    for _ in range(ROUNDS // 2):
        sent = await both.one.send()
        appender = SqlAppender(both.one.writer, sent.claim)
        appender.write("x" * 40_000)
        await asyncio.sleep(chance.random() * 0.008)
        async with asyncio.timeout(0.45):
            await both.two.store.finish(Ending(sent.answer_id, Status.CANCELLED))
        with suppress(ClaimLostError):
            await appender.flushed()


async def test_every_commit_is_durable_however_the_database_is_set(both: Two) -> None:
    name = both.one.database.writing.url.database
    server().run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        server().run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        await both.one.exchange()
        found = await both.one.change(
            lambda each: each.connection.execute(text("SHOW synchronous_commit")).scalar()
        )
    finally:
        server().run(f"ALTER DATABASE {name} RESET synchronous_commit")
    assert found == "on"
