"""What one server commits is followed on another: at once if it is told, soon if it is not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from api.core.events import Ended, Event
from api.core.lifecycle import Status
from api.core.records import Position
from api.database.readers import Readers
from api.log import lookout
from api.service.ports import Ending, Reading
from api.wakeups.neighbours import Neighbours
from api.wakeups.relay import RelayedWakeups
from tests.support.air import Air
from tests.support.backends import Backend, Sent, another_server, backend_named

pytestmark = pytest.mark.anyio


@dataclass
class Pair:
    """Two servers, and what is between them. `one` writes, `two` follows."""

    one: Backend
    two: Backend
    air: Air


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    air = Air()
    async with (
        backend_named("postgresql", tmp_path, RelayedWakeups(air.end())) as one,
        another_server(one, tmp_path, "two", RelayedWakeups(air.end())) as two,
    ):
        yield Pair(one, two, air)


@dataclass
class Tail:
    """Whoever follows a session, and reads what there is when woken."""

    backend: Backend
    session_id: str
    cursor: int
    woken: int = 0
    found: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.leave = self.backend.log.watch(self.session_id, self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def at_once(self) -> Reading | None:
        """What there is in memory."""
        return self._took(
            self.backend.log.recent(self.session_id, Position(self.backend.log.epoch, self.cursor))
        )

    async def read(self) -> Reading:
        reading = await self.backend.log.read(self.session_id, Position(self.backend.log.epoch, self.cursor))
        self._took(reading)
        return reading

    def _took(self, reading: Reading | None) -> Reading | None:
        if reading is not None and reading.events:
            self.found += reading.events
            self.cursor = reading.events[-1].seq
        return reading

    @property
    def seqs(self) -> list[int]:
        return [event.seq for event in self.found]


def following(backend: Backend, sent: Sent, after: int = 2) -> Tail:
    return Tail(backend, sent.session_id, after)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is asked of the database by whoever reads."""
    asked: list[Any] = []
    read = Readers.read

    async def counted(self: Readers, unit: Callable[[Connection], Any]) -> Any:
        asked.append(unit)
        return await read(self, unit)

    monkeypatch.setattr(Readers, "read", counted)
    return asked


async def test_what_is_told_is_followed_from_memory(pair: Pair, reads: list[Any]) -> None:
    sent = await pair.one.send()
    tail = following(pair.two, sent)
    await pair.one.say(sent, "a", "b")
    await pair.one.end(sent)
    assert tail.woken == 3
    tail.at_once()
    assert tail.seqs == [3, 4, 5]
    assert tail.found == pair.one.published[2:]
    assert reads == []


async def test_what_is_not_told_is_looked_up(pair: Pair) -> None:
    sent = await pair.one.send()
    tail = following(pair.two, sent)
    pair.air.silent = True
    await pair.one.say(sent, "a", "b")
    assert tail.woken == 0
    await pair.two.log.lookout.look([sent.session_id])
    assert tail.woken == 1
    await tail.read()
    assert tail.seqs == [3, 4]
    await pair.two.log.lookout.look([sent.session_id])
    assert tail.woken == 1, "there is nothing new"


async def test_what_comes_after_something_that_was_missed_is_not_shown_before_it(pair: Pair) -> None:
    sent = await pair.one.send()
    tail = following(pair.two, sent)
    await pair.one.say(sent, "a")
    tail.at_once()
    pair.air.silent = True
    appender = pair.one.log.appender(sent.claim)
    appender._seq, appender._at = 4, 1  # type: ignore[attr-defined]  # goes on where the last one was
    for word in ("b", "c"):
        appender.write(word)
        await appender.flushed()
    pair.air.silent = False
    appender.write("d")
    await appender.flushed()
    assert tail.at_once() == Reading([])
    await pair.two.log.lookout.look([sent.session_id])
    tail.at_once()
    assert "".join(event.content for event in tail.found) == "abcd"  # type: ignore[union-attr]  # pieces


async def test_however_many_follow_what_was_missed_is_read_once(pair: Pair, reads: list[Any]) -> None:
    sent = await pair.one.send()
    tails = [following(pair.two, sent) for _ in range(50)]
    await pair.one.say(sent, "a")
    for tail in tails:
        tail.at_once()
    pair.air.silent = True
    await pair.one.end(sent)
    await pair.two.log.lookout.look([sent.session_id])
    for tail in tails:
        tail.at_once()
    assert [tail.seqs for tail in tails] == [[3, 4]] * 50
    assert len(reads) == 1


async def test_all_that_are_followed_are_looked_at_together(pair: Pair, reads: list[Any]) -> None:
    sent = [await pair.one.send(user=f"user {number}") for number in range(20)]
    tails = [following(pair.two, each) for each in sent]
    pair.air.silent = True
    for each in sent:
        await pair.one.end(each)
    await pair.two.log.lookout.look(pair.two.log.followed())
    assert len(reads) == 1
    assert [tail.woken for tail in tails] == [1] * 20


async def test_when_it_can_be_heard_again_what_was_missed_is_looked_up(pair: Pair) -> None:
    sent = await pair.one.send()
    tail = following(pair.two, sent)
    pair.air.silent = True
    await pair.one.end(sent)
    assert pair.two.log.lookout._doubted == set()
    pair.air.back()
    await pair.two.log.lookout.look(pair.two.log.lookout._doubted)
    assert tail.woken == 1


async def test_more_than_is_read_at_once_is_followed_from_the_database(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "READ_EVENTS", 3)
    sent = await pair.one.send()
    tail = following(pair.two, sent)
    await pair.one.say(sent, "a")
    tail.at_once()
    pair.air.silent = True
    appender = pair.one.log.appender(sent.claim)
    appender._seq, appender._at = 4, 1  # type: ignore[attr-defined]  # goes on where the last one was
    for word in "bcdef":
        appender.write(word)
        await appender.flushed()
    await pair.two.log.lookout.look([sent.session_id])
    assert tail.at_once() is None
    await tail.read()
    assert tail.seqs == [3, 4, 5, 6, 7, 8]


async def test_whoever_follows_a_session_that_is_deleted_elsewhere_is_woken(pair: Pair) -> None:
    sent = await pair.one.send()
    tail = following(pair.two, sent)
    await pair.one.store.delete("ann", sent.session_id)
    await pair.two.log.lookout.look(pair.two.log.lookout._doubted)
    assert tail.woken >= 1
    await tail.read()
    assert tail.seqs == [3]
    assert (await tail.read()).gone


async def test_one_server_ends_what_another_writes_and_each_is_told(pair: Pair) -> None:
    sent = await pair.one.send()
    here, there = following(pair.one, sent), following(pair.two, sent)
    await pair.one.say(sent, "half")
    ended = await pair.two.store.finish(Ending(sent.answer_id, Status.CANCELLED))
    assert (ended.status, ended.ended is not None) == (Status.CANCELLED, True)
    for tail in (here, there):
        tail.at_once()
        assert tail.seqs == [3, 4]


async def test_only_what_is_followed_or_written_is_listened_to(pair: Pair) -> None:
    sent = await pair.one.send()
    channel = f"session:{sent.session_id}"
    tails = [following(pair.two, sent) for _ in range(2)]
    leave = pair.one.log.attend(sent.session_id)
    assert channel in pair.air.listened()
    for tail in tails:
        tail.leave()
    assert channel in pair.air.listened()
    leave()
    assert channel not in pair.air.listened()


async def test_nothing_is_kept_of_what_nobody_follows(pair: Pair) -> None:
    sent = await pair.one.send()
    tail = following(pair.two, sent)
    await pair.one.say(sent, "a")
    await pair.two.log.lookout.look([sent.session_id])
    tail.leave()
    assert pair.two.log.followed() == {}
    assert pair.two.log.recent(sent.session_id, Position(pair.two.log.epoch, 2)) is None
    assert pair.two.log._seen == {}


async def test_nothing_is_kept_of_a_turn_whose_end_nobody_was_there_to_hear(pair: Pair) -> None:
    first = await pair.one.exchange()
    tail = Tail(pair.two, first.session_id, 4)
    sent = await pair.one.send(session=first.session_id)
    await pair.one.say(sent, "a")
    tail.leave()
    await pair.one.end(sent)
    tails = pair.two.log._tails
    assert (tails._watchers, tails._running, tails._tails) == ({}, set(), {})


async def test_whoever_leaves_while_it_is_looked_for_them_is_not_remembered(pair: Pair) -> None:
    sent = await pair.one.send()
    tail = following(pair.two, sent)
    looking = asyncio.create_task(pair.two.log.lookout.look([sent.session_id]))
    await asyncio.sleep(0)
    tail.leave()
    await looking
    assert pair.two.log._seen == {}


async def test_in_a_new_epoch_nothing_in_memory_counts(pair: Pair) -> None:
    sent = await pair.one.send()
    await pair.one.say(sent, "old life")
    pair.one.log.begin_anew("new")
    assert pair.one.log.recent(sent.session_id, Position("new", 2)) is None


async def test_an_answer_that_goes_with_its_session_stops_where_it_is_written(pair: Pair) -> None:
    here, there = Neighbours(pair.air.end()), Neighbours(pair.air.end())  # type: ignore[arg-type]  # channels
    ended: list[str] = []
    here.use(lambda *_: None, lambda _: None, ended.append)
    here.wakeups.watch("s", lambda: None)
    publish = there.also_told(lambda *_: None)
    event = Ended("s", 5, "m", Status.CANCELLED, 0, "00000000")
    publish([event], [])
    publish([event], ["s"])
    assert ended == ["m", "m"]
