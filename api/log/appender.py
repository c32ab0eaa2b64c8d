"""Writes the text of one answer: what arrives during a commit goes together into the next one."""

import asyncio
from collections.abc import Awaitable
from contextvars import copy_context

from api.core.errors import ChatError
from api.database.writer import Transaction, Writer
from api.log.rows import add_pieces
from api.service.ports import Claim

UNCOMMITTED_CHARS = 64 * 1024
"""No more than this waits for the database (at most 256 KiB of UTF-8): the chain is not pulled meanwhile."""
PATIENCE_S = 30.0
RETRY_S = 0.25


class SqlAppender:
    """At most one write of an answer is under way; the next takes all that has come meanwhile.

    Writes run in the context in which this was made, not in that of whoever has something to say.
    """

    def __init__(self, writer: Writer, claim: Claim) -> None:
        self._writer = writer
        self._claim = claim
        self._waiting: list[str] = []
        self._size = 0
        self._at = 0
        self._taken = 0
        self._task: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self._context = copy_context()

    def write(self, text: str) -> None:
        self._waiting.append(text)
        self._size += len(text)
        if self._task is None and self._error is None:
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._drain(), context=self._context)

    async def room(self) -> None:
        self._raise()
        if self._size >= UNCOMMITTED_CHARS:
            await self.flushed()

    async def flushed(self) -> None:
        if self._task is not None:
            await asyncio.shield(self._task)
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._persist()
                done = "".join(self._waiting[: self._taken])
                del self._waiting[: self._taken]
                self._at += len(done)
                self._size -= len(done)
        except Exception as error:  # noqa: BLE001 - raised to whoever writes next
            self._error = error
        finally:
            self._task = None

    async def _persist(self) -> None:
        """Tries for a while when the database is away. What was committed all the same is not added again."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            try:
                return await self._submit()
            except ChatError:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
                await asyncio.sleep(RETRY_S)

    def _submit(self) -> Awaitable[None]:
        return self._writer.submit(self._unit, durable=False)

    def _unit(self, transaction: Transaction) -> None:
        """Runs in the writer's thread, again after a rollback: it reads, but only `_drain` removes."""
        self._taken = len(self._waiting)
        text = "".join(self._waiting[: self._taken])
        add_pieces(transaction, self._claim, self._at, text)
