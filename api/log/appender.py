"""Writes the text of one answer: what arrives during a commit goes together into the next one."""

import asyncio

from api.core.errors import ChatError
from api.database.writer import Writer
from api.log.pieces import Addition, add
from api.service.ports import Claim

UNCOMMITTED_CHARS = 64 * 1024
"""No more than this waits for the database (at most 256 KiB of UTF-8): the chain is not pulled meanwhile."""
PATIENCE_S = 30.0
RETRY_S = 0.25


class SqlAppender:
    """At most one write of an answer is under way; the next takes all that has come meanwhile."""

    def __init__(self, writer: Writer, claim: Claim) -> None:
        self._writer = writer
        self._claim = claim
        self._seq = claim.seq + 1
        self._waiting: list[str] = []
        self._size = 0
        self._at = 0
        self._taken = 0
        self._writing = False
        self._flushed: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._patient_until: float | None = None

    def write(self, text: str) -> bool:
        self._waiting.append(text)
        self._size += len(text)
        if self._error is not None:
            return False
        if not self._writing:
            self._writing = True
            self._put()
        return self._size < UNCOMMITTED_CHARS

    async def room(self) -> None:
        self._raise()
        if self._size >= UNCOMMITTED_CHARS:
            await self.flushed()

    async def flushed(self) -> None:
        if self._writing:
            self._flushed = self._flushed or asyncio.get_running_loop().create_future()
            self._writer.hurry()
            await asyncio.shield(self._flushed)
        self._raise()

    def addition(self) -> Addition:
        """Called in the writer's thread, again after a rollback: it reads, but only `_done` removes."""
        self._taken = len(self._waiting)
        return Addition(self._claim, self._seq, self._at, "".join(self._waiting[: self._taken]))

    def _put(self) -> None:
        waited_for = self._at == 0 or self._flushed is not None  # the first word, and the last
        self._writer.add(self, add, self._done, urgent=waited_for)

    def _done(self, last: int, error: Exception | None) -> None:
        if error is not None:
            self._failed(error)
            return
        size = sum(map(len, self._waiting[: self._taken]))
        del self._waiting[: self._taken]
        self._at += size
        self._size -= size
        self._seq = last + 1
        self._patient_until = None
        if self._waiting:
            self._put()
        else:
            self._rest()

    def _failed(self, error: Exception) -> None:
        """Tries for a while when the database is away. What was committed all the same is not added again."""
        loop = asyncio.get_running_loop()
        self._patient_until = self._patient_until or loop.time() + PATIENCE_S
        if isinstance(error, ChatError) and loop.time() < self._patient_until:
            loop.call_later(RETRY_S, self._put)
            return
        self._error = error  # raised to whoever writes next
        self._rest()

    def _rest(self) -> None:
        self._writing = False
        if self._flushed is not None and not self._flushed.done():
            self._flushed.set_result(None)
        self._flushed = None

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
