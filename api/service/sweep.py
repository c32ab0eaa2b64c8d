"""What has to be done from time to time: orphaned answers, old pieces, deleted sessions."""

import asyncio
from datetime import timedelta

import structlog

from api.core.failures import places
from api.core.lifecycle import Status
from api.service.generate import interrupted
from api.service.ports import Clock, Ending, Log, Store
from api.service.runner import Runner

log = structlog.get_logger()

EVERY_S = 5.0
PURGES = 100
"""So often in a round a little is erased; what is left waits for the next one."""
PURGE_AFTER = timedelta(seconds=60)
"""Followers of a deleted session are read to its last event within this time."""


class Sweep:
    def __init__(self, *, store: Store, log: Log, runner: Runner, clock: Clock, retention: timedelta) -> None:
        self._store = store
        self._log = log
        self._runner = runner
        self._clock = clock
        self._retention = retention
        self._suspects: frozenset[str] = frozenset()

    async def recover(self) -> int:
        """Before the server is ready: ends what a process that is gone has left; returns how many."""
        left = await self._store.running()
        for message_id in left:
            await self._interrupt(message_id)
        return len(left)

    async def forever(self, every_s: float = EVERY_S) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.once()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                log.warning("sweep put off", error=type(error).__name__, at=places(error))

    async def once(self) -> None:
        """One round. An answer without a generation is ended when it is found so twice."""
        orphans = {message_id for message_id in await self._store.running() if message_id not in self._runner}
        for message_id in orphans & self._suspects:
            await self._interrupt(message_id)
        self._suspects = frozenset(orphans)
        now = self._clock()
        await self._log.trim(now - self._retention)
        for _ in range(PURGES):
            if not await self._store.purge(now - PURGE_AFTER):
                break

    async def _interrupt(self, message_id: str) -> None:
        await self._store.finish(Ending(message_id, Status.INTERRUPTED, error=interrupted()))
