"""Followers read what was committed, each session in its turn, and miss nothing."""

import asyncio
from contextlib import suppress

import pytest

from api.core.errors import ChatError, Code
from api.core.records import Position
from api.service.follow import Follow, Follower, Start, Turn
from tests.support.fakes import EPOCH, Gate, MemoryLog, Unattended

pytestmark = pytest.mark.anyio


def begun(session_id: str, seq: int = 0) -> Start:
    return Start(session_id, Position(EPOCH, seq), seq, recovered=True)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


def taken(turn: Turn | None) -> tuple[str, list[int]]:
    """Takes all that waits; which session's turn it was and the numbers that it got."""
    assert turn is not None
    numbers = [event.seq for event in turn.follow.waiting]
    turn.follow.took(len(numbers))
    return turn.follow.session_id, numbers


class ReadsBeforeItClears(Follower):
    """What must not be: a mark that came during the read is cleared with the one that caused it."""

    async def _read(self, follow: Follow) -> Turn | None:
        turn = await super()._read(follow)
        if turn is None:
            with suppress(ValueError):
                self._marked.remove(follow)
        return turn


async def append_inside_the_read(follower: Follower, log: MemoryLog) -> Turn | None:
    """Lands a commit after the read has looked and before it returns. Nothing wakes anybody later."""
    follower.follow(begun("s"))
    log.gate = gate = Gate()
    turn = asyncio.ensure_future(follower.turn())
    await gate.reached.wait()
    log.append("s", "just now")
    gate.open()
    async with asyncio.timeout(0.5):
        return await turn


async def test_a_commit_inside_the_read_is_not_lost(log: MemoryLog) -> None:
    assert taken(await append_inside_the_read(Follower(log, Unattended()), log)) == ("s", [1])


async def test_the_test_above_finds_a_follower_that_reads_before_it_clears(log: MemoryLog) -> None:
    with pytest.raises(TimeoutError):
        await append_inside_the_read(ReadsBeforeItClears(log, Unattended()), log)


async def test_replay_and_live_are_the_same_loop(log: MemoryLog) -> None:
    log.append("s", "a", "b")
    follower = Follower(log, Unattended())
    follower.follow(begun("s"))
    assert taken(await follower.turn()) == ("s", [1, 2])
    waiting = asyncio.ensure_future(follower.turn())
    await asyncio.sleep(0)
    assert not waiting.done()
    log.append("s", "c")
    assert taken(await waiting) == ("s", [3])


async def test_a_follower_starts_after_its_cursor(log: MemoryLog) -> None:
    log.append("s", "a", "b", "c")
    follower = Follower(log, Unattended())
    follower.follow(begun("s", 2))
    assert taken(await follower.turn()) == ("s", [3])


async def test_a_wake_up_without_news_is_no_turn(log: MemoryLog) -> None:
    follower = Follower(log, Unattended())
    follower.follow(begun("s"))
    waiting = asyncio.ensure_future(follower.turn())
    for _ in range(5):
        log.wake("s")
        await asyncio.sleep(0)
    assert not waiting.done()
    log.append("s", "a")
    assert taken(await waiting) == ("s", [1])


async def test_sessions_have_one_turn_each(log: MemoryLog) -> None:
    follower = Follower(log, Unattended())
    for session in "abc":
        log.append(session, *"12345")
        follower.follow(begun(session))
    order = []
    for _ in range(15):
        turn = await follower.turn()
        assert turn is not None
        order.append(turn.follow.session_id)
        turn.follow.took(1)
    assert order == list("abc" * 5)


async def test_a_busy_session_does_not_keep_a_new_one_waiting(log: MemoryLog) -> None:
    log.append("busy", *"12345")
    follower = Follower(log, Unattended())
    follower.follow(begun("busy"))
    for _ in range(2):
        turn = await follower.turn()
        assert turn is not None
        turn.follow.took(1)
    log.append("new", "1")
    follower.follow(begun("new"))
    met = []
    for _ in range(2):
        turn = await follower.turn()
        assert turn is not None
        met.append(turn.follow.session_id)
        turn.follow.took(1)
    assert "new" in met


async def test_what_was_not_taken_is_read_only_once(log: MemoryLog) -> None:
    log.append("s", "a", "b", "c")
    follower = Follower(log, Unattended())
    follower.follow(begun("s"))
    for expected in (1, 2, 3):
        turn = await follower.turn()
        assert turn is not None
        assert turn.follow.waiting[0].seq == expected
        turn.follow.took(1)
    assert log.reads == [("s", 0)]


async def test_a_slow_follower_reads_later_and_more(log: MemoryLog) -> None:
    follower = Follower(log, Unattended())
    follower.follow(begun("s"))
    for text in "abcdefgh":
        log.append("s", text)
    assert taken(await follower.turn()) == ("s", [1, 2, 3, 4, 5, 6, 7, 8])
    assert len(log.reads) == 1


async def test_following_anew_replaces(log: MemoryLog) -> None:
    log.append("s", "a", "b", "c")
    follower = Follower(log, Unattended())
    old = follower.follow(begun("s"))
    new = follower.follow(begun("s", 2))
    assert (follower.holds(old), follower.holds(new), len(follower)) == (False, True, 1)
    assert taken(await follower.turn()) == ("s", [3])
    assert log.reads == [("s", 2)]


async def test_a_follow_that_is_replaced_inside_its_read_is_not_held(log: MemoryLog) -> None:
    log.append("s", "a", "b")
    follower = Follower(log, Unattended())
    old = follower.follow(begun("s"))
    log.gate = gate = Gate()
    reading = asyncio.ensure_future(follower.turn())
    await gate.reached.wait()
    new = follower.follow(begun("s", 1))
    gate.open()
    first = await reading
    assert first is not None
    assert first.follow is old
    assert not follower.holds(first.follow)
    second = await follower.turn()
    assert second is not None
    assert second.follow is new
    assert taken(second) == ("s", [2])


async def test_a_session_that_was_left_has_no_turn(log: MemoryLog) -> None:
    log.append("s", "a")
    follower = Follower(log, Unattended())
    follower.follow(begun("s"))
    follower.leave("s")
    follower.leave("s")
    follower.nudge()
    assert await follower.turn() is None
    assert ("s" in follower, log.reads) == (False, [])


async def test_a_closed_follower_watches_nothing(log: MemoryLog) -> None:
    follower = Follower(log, Unattended())
    follows = [follower.follow(begun(session)) for session in "ab"]
    follower.close()
    log.append("a", "x")
    follower.nudge()
    assert await follower.turn() is None
    assert not any(map(follower.holds, follows))


async def test_a_nudge_ends_the_wait(log: MemoryLog) -> None:
    follower = Follower(log, Unattended())
    waiting = asyncio.ensure_future(follower.turn())
    await asyncio.sleep(0)
    follower.nudge()
    assert await waiting is None
    follower.nudge()  # one that comes before the wait is not lost
    assert await follower.turn() is None


async def test_lost_and_gone_are_told(log: MemoryLog) -> None:
    follower = Follower(log, Unattended())
    log.lost.add("s")
    follower.follow(begun("s"))
    turn = await follower.turn()
    assert turn is not None
    assert (turn.lost, turn.gone) == (True, False)
    log.gone.add("t")
    log.append("t", "last")
    follower.follow(begun("t"))
    assert taken(await follower.turn()) == ("t", [1])
    turn = await follower.turn()
    assert turn is not None
    assert (turn.lost, turn.gone) == (False, True)


async def test_a_read_that_failed_is_made_again_and_holds_up_nothing(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.service.follow.RETRY_S", 0)
    log.append("s", "a")
    follower = Follower(log, Unattended())
    follower.follow(begun("s"))
    follower.nudge()
    log.failure = ChatError(Code.STORAGE_UNAVAILABLE)
    assert await follower.turn() is None
    log.failure = None
    async with asyncio.timeout(1):
        assert taken(await follower.turn()) == ("s", [1])


async def test_a_turn_that_was_cancelled_inside_its_read_loses_nothing(log: MemoryLog) -> None:
    log.append("s", "a")
    follower = Follower(log, Unattended())
    follower.follow(begun("s"))
    log.gate = gate = Gate()
    reading = asyncio.ensure_future(follower.turn())
    await gate.reached.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    async with asyncio.timeout(1):
        assert taken(await follower.turn()) == ("s", [1])


async def test_one_who_is_parted_from_is_told_what_there_is_and_then_no_more(log: MemoryLog) -> None:
    follower = Follower(log, Unattended())
    follower.follow(begun("s"))
    log.append("s", "one", "two")
    follower.part()
    assert taken(await follower.turn()) == ("s", [1, 2])
    for _ in range(2):
        assert await follower.turn() is None
    log.append("s", "three")
    assert taken(await follower.turn()) == ("s", [3])
    assert await follower.turn() is None
