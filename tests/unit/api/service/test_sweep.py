"""What is old goes."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from api.core.errors import ChatError, Code
from api.core.records import Position
from api.database.tables import identity_links, searchable, unindexed
from api.log import log
from api.service import sweep
from api.service.forgetting import Forgetting
from api.service.links import HOLDS, Links, digest
from api.service.ports import Notes
from api.service.runner import Job, Runner
from api.service.sweep import Sweep
from api.store import forgetting, indexing, purge
from api.wakeups.local import LocalHints
from tests.support.backends import Backend
from tests.support.fakes import RememberedNotes

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


async def nothing_runs(_: Job) -> None:
    raise AssertionError


def sweep_of(backend: Backend, notes: Notes | None = None) -> Sweep:
    return Sweep(
        store=backend.store,
        archive=backend.archive,
        log=backend.log,
        notes=notes or RememberedNotes(),
        links=backend.links,
        forgetting=Forgetting(archive=backend.archive, runner=Runner(nothing_runs), hints=LocalHints()),
        clock=backend.clock,
        retention=HOUR,
    )


async def test_old_events_and_deleted_sessions_go(backend: Backend) -> None:
    sweep = sweep_of(backend)
    old, deleted = await backend.exchange(), await backend.exchange()
    await backend.store.delete("ann", deleted.session_id)
    backend.clock.forward(HOUR.total_seconds() + 1)
    await sweep.once()
    assert (await backend.log.state(old.session_id)).trimmed == 4
    assert (await backend.log.read(deleted.session_id, Position(backend.log.epoch, 0))).gone
    with pytest.raises(ChatError):
        await backend.log.state(deleted.session_id)


async def test_a_round_trims_all_that_is_old(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "TRIM_SESSIONS", 1)
    old = [await backend.exchange() for _ in range(3)]
    backend.clock.forward(HOUR.total_seconds() + 1)
    await sweep_of(backend).once()
    assert [(await backend.log.state(each.session_id)).trimmed for each in old] == [4, 4, 4]


async def test_a_round_indexes_all_that_was_said(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "MESSAGES", 1)
    for user in ("ann", "bob"):
        await backend.exchange(user=user)
    await sweep_of(backend).once()
    assert await backend.change(lambda at: at.connection.execute(select(unindexed)).all()) == []
    assert len(await backend.change(lambda at: at.connection.execute(select(searchable)).all())) == 4


@pytest.mark.parametrize(("steps", "gone"), [(2, False), (100, True)])
async def test_a_round_erases_in_steps_and_not_for_ever(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, steps: int, *, gone: bool
) -> None:
    monkeypatch.setattr(purge, "ROOM", 2)
    monkeypatch.setattr(sweep, "PURGES", steps)
    sent = await backend.exchange()
    await backend.store.delete("ann", sent.session_id)
    backend.clock.forward(61)
    await sweep_of(backend).once()
    if not gone:
        assert await backend.log.state(sent.session_id)
        return
    with pytest.raises(ChatError):
        await backend.log.state(sent.session_id)


async def test_a_user_who_was_half_forgotten_is_forgotten(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "SESSIONS", 1)
    sessions = [(await backend.exchange()).session_id for _ in range(3)]
    assert not (await backend.archive.forget("ann")).done
    assert len(await backend.store.sessions("ann", 50)) == len(sessions) - 1
    await sweep_of(backend).once()
    assert await backend.store.sessions("ann", 50) == []
    assert await backend.archive.half_forgotten() == []


async def test_notes_go_after_a_month(backend: Backend) -> None:
    notes = RememberedNotes()
    await sweep_of(backend, notes).once()
    assert notes.ages == [backend.clock() - timedelta(days=30)]


async def test_links_go_when_they_have_expired(backend: Backend) -> None:
    links = Links(backend.links, backend.clock)
    await links.make("ann")
    backend.clock.forward(HOLDS.total_seconds() - 1)
    await sweep_of(backend).once()
    kept = await links.make("ann")
    backend.clock.forward(1)
    await sweep_of(backend).once()
    assert await backend.change(lambda at: at.connection.execute(select(identity_links.c.digest)).all()) == [
        (digest(kept.code),)
    ]


async def test_a_deleted_session_can_be_read_to_its_end_for_a_while(backend: Backend) -> None:
    sweep = sweep_of(backend)
    sent = await backend.exchange()
    await backend.store.delete("ann", sent.session_id)
    backend.clock.forward(59)
    await sweep.once()
    assert len(await backend.events(sent.session_id)) == 4


async def test_a_round_that_fails_does_not_end_the_sweeping(backend: Backend) -> None:
    sweep = sweep_of(backend)
    purge, rounds = backend.store.purge, 0
    again = asyncio.Event()

    async def failing(deleted_before: datetime) -> bool:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise ChatError(Code.STORAGE_UNAVAILABLE)
        if rounds > 2:
            again.set()
        return await purge(deleted_before)

    backend.store.purge = failing  # type: ignore[method-assign]  # a store that is away for a round
    sweeping = asyncio.create_task(sweep.forever(0.001))
    await again.wait()
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)


async def test_what_was_erased_is_scrubbed_once_and_again_if_it_did_not_succeed(backend: Backend) -> None:
    sweep, scrub, outcomes = sweep_of(backend), backend.store.scrub, list[bool]()

    async def scrubbing() -> bool:
        outcomes.append(len(outcomes) != 1 and await scrub())
        return outcomes[-1]

    backend.store.scrub = scrubbing  # type: ignore[method-assign]  # it cannot be done the second time
    await sweep.once()
    assert outcomes == [True], "a predecessor may have died before it did so"
    await sweep.once()
    assert outcomes == [True]
    await backend.store.delete("ann", (await backend.exchange()).session_id)
    backend.clock.forward(61)
    for _ in range(4):
        await sweep.once()
    assert outcomes == [True, False, True]
