"""Whose answers run, and who may end them for whom."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.core.leases import Lease
from api.core.lifecycle import Status
from api.service.ports import ClaimLostError, Ending, Outcome
from tests.support.backends import OWNER, Backend, another_server

pytestmark = pytest.mark.anyio


async def test_an_answer_is_its_processes(backend: Backend, tmp_path: Path) -> None:
    async with another_server(backend, tmp_path, "other") as other:
        await other.store.beat("other", 7)
        mine, theirs = await backend.send(), await other.send()
        found = await backend.store.leases()
        assert set(found.running) == {
            Lease(mine.answer_id, mine.session_id, OWNER, None),
            Lease(theirs.answer_id, theirs.session_id, "other", 7),
        }
        assert found.beats == {"other": 7}
        assert await backend.store.lease(theirs.session_id) in found.running
        await other.end(theirs)
        assert await backend.store.lease(theirs.session_id) is None


async def test_a_beat_is_raised(backend: Backend) -> None:
    for number in (1, 2, 3):
        await backend.store.beat(OWNER, number)
        assert (await backend.store.leases()).beats == {OWNER: number}


async def test_an_owner_is_forgotten_unless_it_has_shown_itself(backend: Backend) -> None:
    await backend.store.beat("gone", 4)
    await backend.store.forget("gone", 3)
    assert (await backend.store.leases()).beats == {"gone": 4}
    await backend.store.forget("gone", 4)
    assert (await backend.store.leases()).beats == {}


@pytest.mark.parametrize("beat", [7, None])
async def test_a_lost_answer_is_ended_once_and_its_writer_writes_nothing_more(
    backend: Backend, tmp_path: Path, beat: int | None
) -> None:
    async with another_server(backend, tmp_path, "other") as other:
        if beat is not None:
            await other.store.beat("other", beat)
        sent = await other.send()
        await other.say(sent, "half")
        lease = await backend.store.lease(sent.session_id)
        ending = Ending(sent.answer_id, Status.INTERRUPTED, lease=lease)
        outcome = await backend.store.finish(ending)
        assert outcome.ended is not None
        assert (outcome.status, outcome.ended.length) == (Status.INTERRUPTED, 4)
        assert await backend.store.finish(ending) == Outcome(Status.INTERRUPTED)
        with pytest.raises(ClaimLostError):
            await other.say(sent, " a sentence")
        assert await other.end(sent) is None
        kept = await other.store.message("ann", sent.answer_id)
        assert (kept.content, kept.status) == ("half", Status.INTERRUPTED)
        assert len(await backend.events(sent.session_id)) == 4


@pytest.mark.parametrize("found", [6, None], ids=["raised", "shown for the first time"])
async def test_an_owner_that_has_shown_itself_keeps_its_answer(backend: Backend, found: int | None) -> None:
    sent = await backend.send()
    await backend.store.beat(OWNER, 7)
    lease = await backend.store.lease(sent.session_id)
    assert lease is not None
    stale = replace(lease, beat=found)
    ending = Ending(sent.answer_id, Status.INTERRUPTED, lease=stale)
    assert await backend.store.finish(ending) == Outcome(Status.PENDING)
    await backend.say(sent, "whole")
    assert await backend.end(sent) is not None
