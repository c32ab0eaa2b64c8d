"""What all servers of a database have in common, as it stands now: its time, and the epoch of the log."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, text

from api.core.errors import ChatError
from api.core.failures import places
from api.database.prepared import Prepared
from api.database.readers import Readers
from api.database.waiting import Waiting

log = structlog.get_logger()

EVERY_S = 5.0
LOOK_S = 1.0


class Beat(NamedTuple):
    """`now` is the database's time at `at` of this process's monotonic clock, in seconds."""

    now: datetime
    at: float
    epoch: str | None


class SharedClock:
    """The database's time. Servers whose own clocks differ agree in it, also if one of them is set anew."""

    def __init__(self, beat: Beat) -> None:
        self._beat = beat

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self._beat.now.timestamp() + time.monotonic() - self._beat.at, UTC)

    def set(self, beat: Beat) -> None:
        self._beat = beat


def read_beat(connection: Connection) -> Beat:
    began = time.monotonic()
    row = _BEAT.all(connection)[0]
    return Beat(row.now, (began + time.monotonic()) / 2, row.epoch)


class Pulse:
    """Looks at it every few seconds, and sets free who waits for it in vain."""

    def __init__(
        self, readers: Readers, clock: SharedClock, waiting: Waiting, changed: Callable[[str], None]
    ) -> None:
        """`changed` is told of each epoch that is found."""
        self._readers = readers
        self._clock = clock
        self._waiting = waiting
        self._changed = changed

    async def forever(self) -> None:
        looking = asyncio.create_task(self._cutting())
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                try:
                    await self.once()
                except ChatError:
                    continue  # the database is away
                except Exception as error:  # noqa: BLE001 - the next round tries again
                    log.warning("pulse not felt", error=type(error).__name__, at=places(error))
        finally:
            looking.cancel()

    async def _cutting(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                count = self._waiting.cut()
            except Exception as error:  # noqa: BLE001 - the next look tries again
                log.warning("nobody set free", error=type(error).__name__, at=places(error))
            else:
                if count:
                    log.warning("the database does not answer", connections=count)

    async def once(self) -> None:
        beat = await self._readers.read(read_beat)
        self._clock.set(beat)
        if beat.epoch is not None:
            self._changed(beat.epoch)


_BEAT = Prepared(
    text("SELECT clock_timestamp() AS now, (SELECT value FROM meta WHERE key = 'epoch') AS epoch")
)
