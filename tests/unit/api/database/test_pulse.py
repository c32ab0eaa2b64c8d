"""All servers of a database agree in its time, and learn of a new epoch."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.core.records import Position
from api.database import pulse as pulse_module
from api.database.engine import writing_engine
from api.database.epoch import renew_epoch
from api.database.pulse import Beat, Pulse, SharedClock, read_beat
from api.database.waiting import Waiting
from tests.support.backends import Backend, backend_named

pytestmark = pytest.mark.anyio

LITTLE = timedelta(seconds=2)


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    async with backend_named("postgresql", tmp_path) as found:
        yield found


async def test_it_is_the_databases_time_whatever_the_own_clock_says(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Wrong":
            raise AssertionError("the own clock was asked")

    monkeypatch.setattr(pulse_module, "datetime", Wrong)
    clock = SharedClock(await backend.database.readers.read(read_beat))
    assert abs(clock() - datetime.now(UTC)) < LITTLE  # PostgreSQL runs on this machine


def test_between_two_looks_it_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    clock = SharedClock(Beat(noon, at=100, epoch=None))
    monkeypatch.setattr("api.database.pulse.time.monotonic", lambda: 103.5)
    assert clock() == noon + timedelta(seconds=3.5)
    clock.set(Beat(noon + timedelta(hours=1), at=103.5, epoch=None))
    assert clock() == noon + timedelta(hours=1)


async def test_a_new_epoch_is_found_and_all_who_follow_are_told(backend: Backend) -> None:
    sent = await backend.exchange()
    before, woken = backend.log.epoch, list[int]()
    backend.log.watch(sent.session_id, lambda: woken.append(1))
    clock = SharedClock(await backend.database.readers.read(read_beat))
    pulse = Pulse(backend.database.readers, clock, Waiting(), backend.log.begin_anew)
    await pulse.once()
    assert (backend.log.epoch, woken) == (before, [])
    engine = writing_engine(backend.database.writing.url)
    renew_epoch(engine, "a new life")
    engine.dispose()
    await pulse.once()
    assert (backend.log.epoch, woken) == ("a new life", [1])
    assert (await backend.log.read(sent.session_id, Position(before, 4))).lost
    page = await backend.store.page("ann", sent.session_id, 50, None)
    assert page.position.epoch == "a new life"
