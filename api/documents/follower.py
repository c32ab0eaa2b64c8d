"""Keeps the index of one server as the documents of all servers are."""

import asyncio
import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from anyio import to_thread

from api.core.errors import ChatError
from api.core.failures import places
from api.documents import shared_rows as rows
from api.documents.catching_up import CatchingUp
from api.documents.ports import CorpusAwayError, Mirror
from api.documents.register import Register
from api.documents.shared_rows import Changes

log = structlog.get_logger()

EVERY_S = 5.0
WHOLE_S = 3600.0
"""So often everything is compared, whatever was told."""
TOMBSTONES = timedelta(days=30)
"""So long it is told of what was deleted. Whoever has not looked for an hour compares everything instead."""


class Follower:
    """Looks at what has changed, every few seconds and when woken."""

    def __init__(
        self, register: Register, mirror: Mirror, catching_up: CatchingUp, clock: Callable[[], datetime]
    ) -> None:
        self._register = register
        self._mirror = mirror
        self._catching_up = catching_up
        self._clock = clock
        self._revision: int | None = None
        self._compared = 0.0
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """What was deleted is out of the index then; what is missing comes while others are served."""
        await self._try()
        self._task = asyncio.create_task(self._forever(), name="documents followed")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def wake(self) -> None:
        """Something may have changed."""
        self._woken.set()

    async def look(self) -> None:
        """Raises ChatError or CorpusAwayError; the next look sees the same again."""
        if self._revision is None or time.monotonic() - self._compared > WHOLE_S:
            await self._compare()
            return
        changes = await self._register.read(rows.changes, self._revision)
        if changes.whole:  # the database has gone back
            await self._compare()
        elif changes.found:
            held = await to_thread.run_sync(self._mirror.digests)
            await self._apply(changes, {each.id for each in changes.found if each.gone}, held)

    async def _compare(self) -> None:
        """The index first: what is in it was in the register before."""
        known = self._catching_up.lacking
        held = await to_thread.run_sync(self._mirror.digests)
        changes = await self._register.read(rows.changes, None)
        await self._apply(changes, (known | held.keys()) - {each.id for each in changes.found}, held)
        self._compared = time.monotonic()
        await self._register.do(rows.forget, self._clock() - TOMBSTONES)

    async def _apply(self, changes: Changes, gone: AbstractSet[str], held: Mapping[str, str]) -> None:
        for document_id in gone:
            self._catching_up.leave(document_id)
            await to_thread.run_sync(self._mirror.remove, document_id)
        for each in changes.found:
            done = each.status == "indexed" and held.get(each.id) == each.digest
            if done or each.gone or each.status == "failed":
                self._catching_up.leave(each.id)
            else:
                self._catching_up.want(each.id, each.digest)
        self._revision = changes.revision

    async def _forever(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._woken.wait()
            self._woken.clear()
            await self._try()

    async def _try(self) -> None:
        try:
            await self.look()
        except (ChatError, CorpusAwayError):
            return  # the database or the index is away, and others say so
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.error("documents not followed", error=type(error).__name__, at=places(error))
