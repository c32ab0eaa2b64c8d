"""What other servers have committed and nobody has told of: looked up for all followed sessions together."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple, Protocol

import structlog
from sqlalchemy import Connection, text

from api.core.errors import ChatError
from api.core.events import Event
from api.core.failures import places
from api.database.prepared import Prepared
from api.database.readers import Readers
from api.log.rows import AFTER, load

log = structlog.get_logger()

EVERY_S = 3.0
"""Nobody who follows waits longer for what other servers have committed, also while nothing is told."""
SOON_S = 0.02
"""What is to be looked at within this time is looked at together."""
AT_ONCE = 500
READ_EVENTS = 256


class Known(NamedTuple):
    """What is known of a session: where its log ends as far as it is in memory, else what was looked up."""

    end: int
    in_memory: bool


class News(NamedTuple):
    """A session has got further, up to `end`; `events` are all of it after what was in memory, or nothing."""

    session_id: str
    end: int
    events: Sequence[Event]


class Memory(Protocol):
    """Whoever knows what is followed here, and is told of news."""

    def followed(self) -> Mapping[str, Known]: ...

    def learn(self, news: News) -> None: ...


class Lookout:
    """Looks every few seconds, and soon at whatever there is a doubt about."""

    def __init__(self, readers: Readers, memory: Memory) -> None:
        self._readers = readers
        self._memory = memory
        self._doubted: set[str] = set()
        self._doubt = asyncio.Event()

    def look_at(self, session_id: str) -> None:
        """Something may have been missed."""
        self._doubted.add(session_id)
        self._doubt.set()

    async def forever(self) -> None:
        rounds = asyncio.create_task(self._rounds())
        try:
            while True:
                await self._doubt.wait()
                await asyncio.sleep(SOON_S)
                self._doubt.clear()
                doubted, self._doubted = self._doubted, set()
                await self._try_to_look(doubted)
        finally:
            rounds.cancel()

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await self._try_to_look(self._memory.followed())

    async def _try_to_look(self, session_ids: Iterable[str]) -> None:
        try:
            await self.look(session_ids)
        except ChatError:
            return  # the database is away: the next round looks again
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("looking put off", error=type(error).__name__, at=places(error))

    async def look(self, session_ids: Iterable[str]) -> None:
        """At these, if they are followed."""
        wanted = list(session_ids)
        for start in range(0, len(wanted), AT_ONCE):
            followed = self._memory.followed()
            some = {each: followed[each] for each in wanted[start : start + AT_ONCE] if each in followed}
            for news in await self._readers.read(partial(read_news, known=some)):
                self._memory.learn(news)


def read_news(connection: Connection, known: Mapping[str, Known]) -> list[News]:
    """What has happened in these sessions besides what is known."""
    found = {row.id: row for row in _ENDS.all(connection, sessions=list(known))}
    news = []
    for session_id, (end, in_memory) in known.items():
        row = found.get(session_id)
        if row is None or row.deleted_at is not None:
            news.append(News(session_id, end, ()))
        elif row.end > end:
            missing = _after(connection, session_id, end) if in_memory else ()
            news.append(News(session_id, row.end, missing))
    return news


def _after(connection: Connection, session_id: str, seq: int) -> Sequence[Event]:
    """All that follow, if there are not too many."""
    rows = AFTER.each(connection, session=session_id, seq=seq, limit=READ_EVENTS + 1)
    with closing(rows):
        found = [load(row) for row in rows]
    return found if len(found) <= READ_EVENTS else ()


_ENDS = Prepared(
    text("""
    SELECT s.id, s.deleted_at, greatest(
        s.seq, (SELECT coalesce(max(e.seq), 0) FROM events AS e WHERE e.session_id = s.id)
    ) AS end
    FROM sessions AS s WHERE s.id = ANY(:sessions)
    """)
)
