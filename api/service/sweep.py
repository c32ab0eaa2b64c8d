"""What has to be done from time to time: words are indexed, and what is old or was deleted is removed."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

import structlog

from api.core.failures import places
from api.service.archive import Archive
from api.service.forgetting import Forgetting
from api.service.links import LinkShelf
from api.service.ports import Clock, Log, Notes, Store

log = structlog.get_logger()

EVERY_S = 5.0
INDEXES = 1000
TRIMS = 100
PURGES = 100
"""So often in a round a little is indexed, trimmed or erased; what is left waits for the next one."""
PURGE_AFTER = timedelta(seconds=60)
"""Followers of a deleted session are read to its last event within this time."""
NOTES_KEPT = timedelta(days=30)


class Sweep:
    def __init__(
        self,
        *,
        store: Store,
        archive: Archive,
        log: Log,
        notes: Notes,
        links: LinkShelf,
        forgetting: Forgetting,
        clock: Clock,
        retention: timedelta,
    ) -> None:
        self._store = store
        self._archive = archive
        self._forgetting = forgetting
        self._log = log
        self._notes = notes
        self._links = links
        self._clock = clock
        self._retention = retention
        self._to_scrub = True  # whoever ran before may have died between the one and the other

    async def forever(self, every_s: float = EVERY_S) -> None:
        while True:
            await asyncio.sleep(every_s)
            await self.once()

    async def once(self) -> None:
        """Whatever cannot be done now is left to the next round, and keeps nothing else from being done."""
        now = self._clock()
        for work in (
            self._forgetting.resume,
            self._index,
            partial(self._trim, now - self._retention),
            partial(self._erase, now - PURGE_AFTER),
            partial(self._notes.age, now - NOTES_KEPT),
            partial(self._links.expire, now),
        ):
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - as said
                log.warning("sweep put off", error=type(error).__name__, at=places(error))

    async def _index(self) -> None:
        for _ in range(INDEXES):
            if not await self._archive.index():
                break

    async def _trim(self, ended_before: datetime) -> None:
        for _ in range(TRIMS):
            if not await self._log.trim(ended_before):
                break

    async def _erase(self, deleted_before: datetime) -> None:
        for _ in range(PURGES):
            if not await self._store.purge(deleted_before):
                break
            self._to_scrub = True
        if self._to_scrub:
            self._to_scrub = not await self._store.scrub()
