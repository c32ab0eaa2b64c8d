"""On PostgreSQL the log lies in hours. What an hour holds goes as a whole, and never too soon."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from api.core.records import Position
from api.database.engine import writing_engine
from api.database.writer import Transaction
from api.log.hours import drop_hour, hour_of, missing_hours, past_hours
from tests.support.backends import Backend, another_server, backend_named

pytestmark = pytest.mark.anyio

HOUR = 3600.0


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    async with backend_named("postgresql", tmp_path) as found:
        yield found


async def hours(backend: Backend) -> list[int]:
    later = backend.clock() + timedelta(days=1000)
    ended = await backend.database.readers.read(partial(past_hours, ended_before=later))
    return list(ended)


async def of_events(backend: Backend, session_id: str) -> list[int]:
    def unit(transaction: Transaction) -> list[int]:
        asked = text("SELECT hour FROM events WHERE session_id = :id ORDER BY seq")
        return list(transaction.connection.execute(asked, {"id": session_id}).scalars())

    return await backend.change(unit)


async def test_all_of_an_answer_lies_in_the_hour_in_which_it_was_accepted(backend: Backend) -> None:
    sent = await backend.send()
    backend.clock.forward(2 * HOUR)
    await backend.say(sent, "late", " and long" * 2000)
    await backend.end(sent)
    found = await of_events(backend, sent.session_id)
    assert len(set(found)) == 1
    assert len(found) >= 5


async def test_a_clock_that_is_set_back_does_not_make_a_session_go_back(backend: Backend) -> None:
    first = await backend.exchange()
    backend.clock.forward(-3 * HOUR)
    await backend.exchange(session=first.session_id)
    other = await backend.exchange()
    assert len(set(await of_events(backend, first.session_id))) == 1
    assert set(await of_events(backend, other.session_id)) == {
        (await of_events(backend, first.session_id))[0] - 3
    }


async def test_an_hour_in_which_an_answer_still_runs_stays(backend: Backend) -> None:
    ended, running = await backend.exchange(), await backend.send()
    assert await hours(backend) == []
    backend.clock.forward(10 * HOUR)
    assert await backend.log.trim(backend.clock()) == 0
    assert len(await backend.events(ended.session_id)) == 4
    await backend.end(running)
    assert await backend.log.trim(backend.clock()) == 1
    assert await of_events(backend, running.session_id) == []


async def test_whoever_drops_an_hour_looks_once_more_whether_an_answer_runs(backend: Backend) -> None:
    sent = await backend.send()

    def hour(transaction: Transaction) -> int:
        return hour_of(transaction.connection, backend.clock())

    await backend.change(partial(drop_hour, hour=await backend.change(hour)))
    assert len(await backend.events(sent.session_id)) == 2


async def test_servers_that_trim_at_once_do_no_harm(backend: Backend, tmp_path: Path) -> None:
    sent = await backend.exchange()
    async with another_server(backend, tmp_path, "two") as two:
        backend.clock.forward(3 * HOUR)
        found = await backend.database.readers.read(partial(past_hours, ended_before=backend.clock()))
        for server in (backend, two):
            for hour in found:
                await server.change(partial(drop_hour, hour=hour))
        assert len(found) == 1
        again = await two.exchange(session=sent.session_id)
    assert [event.seq for event in await backend.events(again.session_id, 4)] == [5, 6, 7, 8]


async def test_what_has_gone_is_told_by_what_is_left(backend: Backend) -> None:
    old = await backend.exchange()
    backend.clock.forward(3 * HOUR)
    await backend.exchange(session=old.session_id)
    await backend.log.trim(backend.clock())
    state = await backend.log.state(old.session_id)
    assert (state.trimmed, state.end.seq) == (4, 8)
    assert (await backend.log.read(old.session_id, Position(backend.log.epoch, 3))).lost


async def test_whoever_reads_for_long_holds_nobody_up(backend: Backend) -> None:
    """As a dump of the database does: the hour is dropped later."""
    await backend.exchange(user="old")
    backend.clock.forward(3 * HOUR)
    running = await backend.send()
    reader = writing_engine(backend.database.writing.url)
    with reader.connect() as connection:
        connection.execute(text("SELECT count(*) FROM events"))
        assert await backend.log.trim(backend.clock()) == 0
        async with asyncio.timeout(0.4):
            await backend.say(running, "word")
    reader.dispose()
    assert await backend.log.trim(backend.clock()) == 1


async def test_what_lies_behind_an_hour_that_stays_stays_too(backend: Backend) -> None:
    first = await backend.exchange()
    await backend.send(user="hangs")
    for _ in range(2):
        backend.clock.forward(HOUR)
        await backend.exchange(session=first.session_id)
    await backend.log.trim(backend.clock())
    state = await backend.log.state(first.session_id)
    found = [event.seq for event in await backend.events(first.session_id, state.trimmed)]
    assert found == list(range(state.trimmed + 1, 13))


async def test_the_present_hour_and_the_next_are_made_ready(backend: Backend) -> None:
    await backend.log.trim(backend.clock())
    assert await backend.database.readers.read(missing_hours) == []
