"""A user who wants to be forgotten is, in steps, and nothing readable is left of them."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from api.core.errors import ChatError, Code
from api.core.events import Ended
from api.core.lifecycle import Status
from api.core.query import parse
from api.core.records import Position, Verdict
from api.database.tables import users
from api.database.writer import Transaction
from api.service.archive import Forgotten
from api.store import forgetting
from tests.support.backends import Backend, Sent

pytestmark = pytest.mark.anyio


async def forgotten(backend: Backend, user: str = "ann") -> list[Forgotten]:
    steps = [await backend.archive.forget(user)]
    while not steps[-1].done:
        assert await backend.archive.half_forgotten() == [user]
        steps.append(await backend.archive.forget(user))
    return steps


async def purged(backend: Backend) -> None:
    while await backend.store.purge(backend.clock() + timedelta(seconds=1)):
        pass


async def judged(backend: Backend, user: str) -> Sent:
    sent = await backend.exchange("A heron.", user=user, key=f"{user}-key", content=f"{user} asks")
    await backend.archive.judge(user, sent.session_id, sent.answer_id, Verdict.UP, f"{user} says")
    return sent


async def test_all_sessions_are_gone_at_once_and_nobody_elses(backend: Backend) -> None:
    mine, bobs = await judged(backend, "ann"), await judged(backend, "bob")
    [step] = await forgotten(backend)
    assert step == Forgotten([mine.session_id], [], done=True)
    assert await backend.store.sessions("ann", 50) == []
    assert await backend.archive.search("ann", parse("heron"), 50) == []
    with pytest.raises(ChatError) as refused:
        await backend.store.session("ann", mine.session_id)
    assert refused.value.code is Code.NOT_FOUND
    assert len(await backend.store.sessions("bob", 50)) == 1
    assert len(await backend.archive.search("bob", parse("heron"), 50)) == 1
    assert (await backend.send("bob asks", user="bob", key="bob-key")).accepted.duplicate
    assert [kept.feedback is not None for kept in await backend.archive.keeps("bob", bobs.session_id, 0)][1]


async def test_whoever_has_nothing_is_forgotten_as_well(backend: Backend) -> None:
    assert await forgotten(backend) == [Forgotten([], [], done=True)]
    assert await forgotten(backend) == [Forgotten([], [], done=True)]


async def test_running_answers_are_cancelled_with_their_events_and_followers_are_let_go(
    backend: Backend,
) -> None:
    running = [await backend.send() for _ in range(2)]
    for sent in running:
        await backend.say(sent, "half")
    [step] = await forgotten(backend)
    assert set(step.cancelled) == {sent.answer_id for sent in running}
    for sent in running:
        last = (await backend.events(sent.session_id))[-1]
        assert isinstance(last, Ended)
        assert (last.message_id, last.status, last.length) == (sent.answer_id, Status.CANCELLED, 4)
        assert (await backend.log.read(sent.session_id, Position(backend.log.epoch, last.seq))).gone


async def test_followers_of_a_quiet_session_are_let_go_at_once(backend: Backend) -> None:
    sent = await backend.exchange()
    woken: list[int] = []
    undo = backend.log.watch(sent.session_id, lambda: woken.append(1))
    await forgotten(backend)
    assert woken == [1]
    undo()


async def test_a_user_without_any_session_is_erased_at_once(backend: Backend) -> None:
    def unit(transaction: Transaction) -> None:
        transaction.connection.execute(insert(users).values(id="ann", created_at=1))

    await backend.change(unit)
    await forgotten(backend)
    known = await backend.change(lambda transaction: transaction.connection.execute(select(users)).all())
    assert known == []


@pytest.mark.parametrize("count", [0, 1, 4, 5])
async def test_so_many_sessions_and_sends_go_at_a_time(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(forgetting, "SESSIONS", 2)
    monkeypatch.setattr(forgetting, "SENDS", 2)
    sessions = [(await backend.exchange()).session_id for _ in range(count)]
    steps = await forgotten(backend)
    assert sorted(each for step in steps for each in step.sessions) == sorted(sessions)
    assert max(len(step.sessions) for step in steps) <= 2
    assert len(steps) == 1 + 2 * (count // 2)
    assert await backend.archive.half_forgotten() == []


async def test_what_is_sent_meanwhile_goes_as_well_and_what_is_sent_afterwards_stays(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "SESSIONS", 1)
    await backend.exchange()
    assert not (await backend.archive.forget("ann")).done
    meanwhile = await backend.exchange()
    assert meanwhile.session_id in (await backend.archive.forget("ann")).sessions
    await forgotten(backend)
    afterwards = await backend.exchange()
    assert [session.id for session in await backend.store.sessions("ann", 50)] == [afterwards.session_id]


async def test_an_id_of_a_send_stays_used_for_ever(backend: Backend) -> None:
    await judged(backend, "ann")
    await forgotten(backend)
    for _ in range(2):
        for content in ("ann asks", "something else"):
            with pytest.raises(ChatError, match="deleted") as refused:
                await backend.send(content, key="ann-key")
            assert refused.value.code is Code.NOT_FOUND
        await purged(backend)
    assert not (await backend.send("ann asks", key="another")).accepted.duplicate
    assert not (await backend.send("ann asks", user="bob", key="ann-key")).accepted.duplicate


async def test_a_retry_under_a_used_id_is_not_found_either(backend: Backend) -> None:
    await judged(backend, "ann")
    await forgotten(backend)
    sent = await backend.exchange()
    with pytest.raises(ChatError) as refused:
        await backend.retry(sent.answer_id, key="ann-key")
    assert refused.value.code is Code.NOT_FOUND


async def test_nothing_readable_is_left_of_the_user(backend: Backend) -> None:
    words = ["zebuuser", "yakkey", "xerusquestion", "wombatanswer", "vipercomment"]
    user, key, question, answer, comment = words
    sent = await backend.exchange(answer, user=user, key=key, content=question)
    await backend.archive.judge(user, sent.session_id, sent.answer_id, Verdict.DOWN, comment)
    await judged(backend, "bob")
    await backend.indexed()
    assert await backend.kept(words) == set(words)
    await forgotten(backend, user)
    await purged(backend)
    assert await backend.kept([*words, sent.session_id]) == set()
