"""What is committed while a follower waits is passed on at once: nothing twice, in disorder, or never."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

import pytest

from api.core.events import Event
from api.core.records import Position
from api.service.follow import Follower, Start
from api.service.ports import Reading
from tests.support.fakes import EPOCH, MemoryLog, Unattended

pytestmark = pytest.mark.anyio


class Remembering(MemoryLog):
    """Has what is asked for at hand, unless it is `forgetful`."""

    forgetful = False

    def recent(self, session_id: str, after: Position) -> Reading | None:
        return None if self.forgetful else self._found(session_id, after.seq)


class Reader:
    """A connection: it takes its turns, and what it can at once. `most` is what it takes of a commit.

    A turn lasts for a while, as when a peer takes what was sent but slowly.
    """

    def __init__(self, log: Remembering, most: int = 99) -> None:
        self.most = most
        self.broken = False
        self.at_once: list[int] = []
        self.got: dict[str, list[int]] = {}
        self.follower = Follower(log, Unattended(), self._pass_on)
        self.task = asyncio.ensure_future(self._take_turns())

    def follow(self, session_id: str) -> None:
        """From where it is, if it has followed it before."""
        seq = len(self.got.get(session_id, []))
        self.follower.follow(Start(session_id, Position(EPOCH, seq), seq, recovered=True))

    def _pass_on(self, events: Sequence[Event]) -> int:
        if self.broken:
            raise ConnectionError
        taken = events[: self.most]
        self._note(taken)
        self.at_once += [event.seq for event in taken]
        return len(taken)

    async def _take_turns(self) -> None:
        while True:
            turn = await self.follower.turn()
            if turn is not None:
                waiting = turn.follow.waiting[:2]
                await asyncio.sleep(0)
                if self.follower.holds(turn.follow):
                    self._note(waiting)
                    turn.follow.took(len(waiting))
                    await asyncio.sleep(0)

    def _note(self, events: Sequence[Event]) -> None:
        for event in events:
            self.got.setdefault(event.session_id, []).append(event.seq)

    async def leave(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


async def quiet() -> None:
    for _ in range(400):
        await asyncio.sleep(0)


@pytest.fixture
def log() -> Remembering:
    return Remembering()


async def waiting(log: Remembering, most: int = 99) -> Reader:
    reader = Reader(log, most)
    reader.follow("s")
    log.append("s", "first")
    await quiet()
    assert reader.got == {"s": [1]}
    reader.at_once.clear()
    return reader


async def test_to_whoever_waits_a_commit_is_passed_on_in_the_same_step(log: Remembering) -> None:
    reader = await waiting(log)
    log.append("s", "a")
    assert reader.got == {"s": [1, 2]}
    log.append("s", "b")
    assert reader.got == {"s": [1, 2, 3]}
    await quiet()
    assert reader.got == {"s": [1, 2, 3]}, "and no second time"
    await reader.leave()


async def test_what_it_does_not_take_comes_in_turn_with_all_that_follows(log: Remembering) -> None:
    reader = await waiting(log, most=0)
    for _ in range(5):  # in one step: the turn comes after all of them
        log.append("s", "a")
    await quiet()
    assert (reader.got, reader.at_once) == ({"s": [1, 2, 3, 4, 5, 6]}, [])
    await reader.leave()


async def test_what_fails_at_once_comes_in_turn_and_harms_nobody_else(log: Remembering) -> None:
    reader, other = await waiting(log), Reader(log)
    other.follow("s")
    await quiet()
    reader.broken = True
    log.append("s", "a")
    assert other.got == {"s": [1, 2]}
    await quiet()
    assert reader.got == {"s": [1, 2]}
    await reader.leave()
    await other.leave()


async def test_behind_a_turn_nothing_is_passed_on_at_once(log: Remembering) -> None:
    reader = await waiting(log)
    reader.follower.nudge()
    log.append("s", "a")
    assert reader.got == {"s": [1]}
    await quiet()
    assert (reader.got, reader.at_once) == ({"s": [1, 2]}, [])
    await reader.leave()


async def test_one_that_is_closed_is_given_nothing(log: Remembering) -> None:
    reader = await waiting(log)
    reader.follower.close()
    log.append("s", "a")
    await quiet()
    assert reader.got == {"s": [1]}
    await reader.leave()


async def test_what_is_committed_while_a_turn_is_taken_is_not_lost(log: Remembering) -> None:
    reader = await waiting(log, most=0)
    log.append("s", *"abcd")  # more than a turn takes
    while reader.got["s"] != [1, 2, 3]:  # noqa: ASYNC110 - each step counts
        await asyncio.sleep(0)
    log.append("s", "the last")
    await quiet()
    assert reader.got == {"s": [1, 2, 3, 4, 5, 6]}
    await reader.leave()


def _go_elsewhere(reader: Reader, chance: random.Random) -> None:
    """Follows a session anew, or leaves it and comes back."""
    session_id = chance.choice("st")
    if chance.random() < 0.3:
        reader.follower.leave(session_id)
    reader.follow(session_id)


def _change(reader: Reader, log: Remembering, chance: random.Random) -> None:
    reader.most, reader.broken = chance.choice([0, 1, 2, 99]), chance.random() < 0.2
    log.forgetful = chance.random() < 0.2
    if chance.random() < 0.2:
        reader.follower.nudge()
    if chance.random() < 0.1:
        _go_elsewhere(reader, chance)


@pytest.mark.parametrize("seed", range(40))
async def test_however_commits_and_turns_fall_each_event_comes_once_and_in_order(
    log: Remembering, seed: int
) -> None:
    chance = random.Random(seed)
    readers = [Reader(log) for _ in range(2)]
    for reader in readers:
        for session_id in "st":
            reader.follow(session_id)
    for _ in range(200):
        step = chance.randrange(6)
        if step < 3:
            log.append(chance.choice("st"), "a")
        elif step == 3:
            for _ in range(chance.randrange(20)):
                await asyncio.sleep(0)
        else:
            _change(chance.choice(readers), log, chance)
    await quiet()
    for reader in readers:
        for session_id in "st":
            assert reader.got.get(session_id, []) == [event.seq for event in log.events[session_id]]
        await reader.leave()
    assert any(reader.at_once for reader in readers)
