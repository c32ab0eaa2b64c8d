"""Pieces go into the log in order, joined by commits, for as long as the claim holds."""

import asyncio
from dataclasses import replace

import pytest

from api.core.errors import ChatError, Code
from api.core.events import PIECE_BYTES, Ended, Event, Piece
from api.core.lifecycle import Status
from api.core.records import Position
from api.log import appender as appender_module
from api.service.ports import ClaimLostError, Ending
from tests.support.backends import Backend, Sent

pytestmark = pytest.mark.anyio

WIDE = ["a", "ß", "→", "𝄞", "👩‍👩‍👧", "e\u0301"]


async def pieces(backend: Backend, sent: Sent) -> list[Piece]:
    found = await backend.events(sent.session_id, sent.accepted.before.seq + 1)
    return [event for event in found if isinstance(event, Piece)]


async def test_seq_grows_by_exactly_one_whatever_happens(backend: Backend) -> None:
    session = None
    for texts in (["a", "b"], [], ["c" * 40_000]):
        sent = await backend.send(session=session)
        session = sent.session_id
        await backend.say(sent, *texts)
        await backend.end(sent)
    assert session is not None
    found = await backend.events(session)
    assert [event.seq for event in found] == list(range(1, len(found) + 1))
    assert found == backend.published


async def test_sessions_that_write_together_keep_their_own_numbers(backend: Backend) -> None:
    sent = [await backend.send() for _ in range(5)]
    async with backend.commit_under_way():
        talking = [asyncio.create_task(backend.say(each, "a", "b")) for each in sent]
    await asyncio.gather(*talking)
    for each in sent:
        found = await backend.events(each.session_id)
        assert [event.seq for event in found] == list(range(1, len(found) + 1))
        assert "".join(piece.content for piece in await pieces(backend, each)) == "ab"


async def test_the_first_piece_makes_the_answer_streaming(backend: Backend) -> None:
    sent = await backend.send()
    await backend.say(sent, "a")
    assert (await backend.store.message("ann", sent.answer_id)).status is Status.STREAMING


async def test_pieces_that_arrive_during_a_commit_become_one_event(backend: Backend) -> None:
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    async with backend.commit_under_way():
        for text in WIDE:
            writing.write(text)
            await asyncio.sleep(0)
    await writing.flushed()
    assert await pieces(backend, sent) == [Piece(sent.session_id, 3, sent.answer_id, 0, "".join(WIDE))]


async def test_each_piece_that_is_flushed_is_an_event(backend: Backend) -> None:
    sent = await backend.send()
    await backend.say(sent, "a", "b", "c")
    assert [piece.content for piece in await pieces(backend, sent)] == ["a", "b", "c"]


async def test_offsets_count_code_points(backend: Backend) -> None:
    sent = await backend.send()
    await backend.say(sent, *WIDE)
    at = 0
    for piece in await pieces(backend, sent):
        assert piece.at == at
        at += len(piece.content)
    assert at == len("".join(WIDE))


@pytest.mark.parametrize("letter", ["a", "ß", "→", "𝄞"])
async def test_long_text_is_cut_between_code_points(backend: Backend, letter: str) -> None:
    text = "x" + letter * (3 * PIECE_BYTES // len(letter.encode()))
    sent = await backend.send()
    await backend.say(sent, text, "end")
    found = await pieces(backend, sent)
    assert all(len(piece.content.encode()) <= PIECE_BYTES for piece in found)
    assert "".join(piece.content for piece in found) == text + "end"
    assert [piece.at for piece in found] == [
        sum(len(before.content) for before in found[:place]) for place in range(len(found))
    ]


async def test_what_is_live_is_what_is_replayed(backend: Backend) -> None:
    sent = await backend.send()
    woken = 0

    def wake() -> None:
        nonlocal woken
        woken += 1

    undo = backend.log.watch(sent.session_id, wake)
    await backend.say(sent, "a", "b" * 40_000, "c")
    await backend.end(sent)
    live: list[Event] = []
    cursor = sent.accepted.before.seq + 1
    while found := (await backend.log.read(sent.session_id, Position(backend.log.epoch, cursor))).events:
        live += found
        cursor = live[-1].seq
    undo()
    assert woken == 4
    assert live == await backend.events(sent.session_id, sent.accepted.before.seq + 1)
    assert isinstance(live[-1], Ended)


async def test_whoever_stops_watching_is_woken_no_more(backend: Backend) -> None:
    sent = await backend.send()
    woken: list[int] = []
    undo = backend.log.watch(sent.session_id, lambda: woken.append(1))
    undo()
    await backend.say(sent, "a")
    assert woken == []


async def test_nothing_is_shown_before_it_is_committed(backend: Backend) -> None:
    sent = await backend.send()
    undo = backend.log.watch(sent.session_id, lambda: None)
    end = (await backend.log.state(sent.session_id)).end
    async with backend.commit_under_way():
        backend.log.appender(sent.claim).write("not yet")
        await asyncio.sleep(0)
        assert not (await backend.log.read(sent.session_id, end)).events
    undo()


async def test_after_the_end_nothing_is_written(backend: Backend) -> None:
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    writing.write("kept")
    await writing.flushed()
    end = Ending(sent.answer_id, Status.CANCELLED)
    await backend.store.finish(end)
    before = await backend.events(sent.session_id)
    writing.write("too late")
    with pytest.raises(ClaimLostError):
        await writing.flushed()
    with pytest.raises(ClaimLostError):
        await writing.room()
    assert await backend.events(sent.session_id) == before
    message = await backend.store.message("ann", sent.answer_id)
    assert (message.content, message.status) == ("kept", end.status)


async def test_another_fence_writes_nothing(backend: Backend) -> None:
    sent = await backend.send()
    thief = backend.log.appender(replace(sent.claim, fence="stolen"))
    thief.write("mine")
    with pytest.raises(ClaimLostError):
        await thief.flushed()
    assert await pieces(backend, sent) == []
    assert (await backend.store.message("ann", sent.answer_id)).status is Status.PENDING


async def test_one_that_lost_its_claim_spoils_no_other_in_its_commit(backend: Backend) -> None:
    lost, healthy = await backend.send(), await backend.send()
    await backend.end(lost)
    async with backend.commit_under_way():
        first, second = backend.log.appender(lost.claim), backend.log.appender(healthy.claim)
        first.write("too late")
        second.write("in time")
        await asyncio.sleep(0)
    await second.flushed()
    with pytest.raises(ClaimLostError):
        await first.flushed()
    assert [piece.content for piece in await pieces(backend, healthy)] == ["in time"]


async def test_while_nothing_can_be_written_text_waits_and_is_not_lost(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "RETRY_S", 0.01)
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    with backend.locked():
        writing.write("a")
        with pytest.raises(ChatError) as refused:
            await backend.send()
        assert refused.value.code is Code.STORAGE_UNAVAILABLE
        writing.write("b")
    await writing.flushed()
    assert "".join(piece.content for piece in await pieces(backend, sent)) == "ab"


async def test_patience_with_the_database_ends(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appender_module, "RETRY_S", 0.01)
    monkeypatch.setattr(appender_module, "PATIENCE_S", 0.05)
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    with backend.locked():
        writing.write("a")
        with pytest.raises(ChatError) as refused:
            await writing.flushed()
    assert refused.value.code is Code.STORAGE_UNAVAILABLE


async def test_little_is_uncommitted(backend: Backend) -> None:
    sent = await backend.send()
    writing = backend.log.appender(sent.claim)
    async with backend.commit_under_way():
        writing.write("x" * (appender_module.UNCOMMITTED_CHARS - 1))
        await writing.room()
        writing.write("y")
        full = asyncio.create_task(writing.room())
        await asyncio.sleep(0)
        assert not full.done()
    await full
    assert sum(len(piece.content) for piece in await pieces(backend, sent)) == 64 * 1024
