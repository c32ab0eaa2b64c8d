"""Indexes on one server what it lacks of the documents of all servers, one after the other."""

import asyncio
import time
from functools import partial

from anyio import to_thread

from api.core.errors import ChatError
from api.documents import shared_rows as rows
from api.documents.indexing import BROKEN, AbandonedError, carried_out, log_failure
from api.documents.model import Document
from api.documents.ports import CorpusAwayError, Mirror, Progress, Tell, UnreadableError
from api.documents.register import Register
from api.documents.shared_rows import Step

RETRY_S = 5.0
CLOSE_S = 5.0
PROGRESS_S = 0.5
"""No more often is it told how far a document is."""


class CatchingUp:
    """Every server reads every document for itself.

    The first to have done so says for all that it is indexed, or that it cannot be read: so nobody has to
    take over what a dead one has begun.
    """

    def __init__(self, register: Register, mirror: Mirror, tell: Tell) -> None:
        self._register = register
        self._mirror = mirror
        self._tell = tell
        self._lacking: dict[str, str] = {}  # digests by id, in the order in which they came
        self._more = asyncio.Event()
        self._closing = False
        self._worker: asyncio.Task[None] | None = None
        self._report: asyncio.Task[None] | None = None
        self._reported = 0.0

    @property
    def lacking(self) -> frozenset[str]:
        return frozenset(self._lacking)

    def want(self, document_id: str, digest: str) -> None:
        self._lacking[document_id] = digest
        self._more.set()

    def leave(self, document_id: str) -> None:
        """What is being read of it is left off."""
        self._lacking.pop(document_id, None)

    def start(self) -> None:
        self._worker = asyncio.create_task(self._work(), name="documents")

    async def close(self) -> None:
        """What is not finished begins again at the next start."""
        self._closing = True
        self._more.set()
        if self._worker is not None:
            await asyncio.wait([self._worker], timeout=CLOSE_S)
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)

    async def _work(self) -> None:
        while not self._closing:
            self._more.clear()
            document_id = next(iter(self._lacking), None)
            if document_id is None:
                await self._more.wait()
                continue
            try:
                await self._take(document_id, self._lacking[document_id])
            except AbandonedError:
                continue
            except ChatError:
                await asyncio.sleep(RETRY_S)  # the database is away, as others have said
            except CorpusAwayError as error:
                log_failure("the index cannot be written just now", document_id, error)
                await asyncio.sleep(RETRY_S)

    async def _take(self, document_id: str, digest: str) -> None:
        """Raises ChatError or CorpusAwayError, and then it is still lacking."""
        try:
            read = await self._held(document_id, digest) or await self._index(document_id, digest)
        except UnreadableError as error:
            step = await self._register.do(rows.failed, document_id, digest, error.reason)
        except (AbandonedError, ChatError, CorpusAwayError):
            raise
        except Exception as error:  # noqa: BLE001 - any failure ends this document and no other
            log_failure("indexing a document failed", document_id, error)
            step = await self._register.do(rows.failed, document_id, digest, BROKEN)
        else:
            step = await self._settle(document_id, digest, read)
        if self._wants(document_id, digest):
            del self._lacking[document_id]
        if step is not None:
            self._say(step)

    def _wants(self, document_id: str, digest: str) -> bool:
        return not self._closing and self._lacking.get(document_id) == digest

    async def _held(self, document_id: str, digest: str) -> Document | None:
        """Whoever put it there died before it was said, or shares the index with this server."""
        if await to_thread.run_sync(self._mirror.holds, document_id, digest):
            return await to_thread.run_sync(self._mirror.document, document_id)
        return None

    async def _index(self, document_id: str, digest: str) -> Document | None:
        """None if there is nothing to read any more, or nobody can."""
        original = await self._register.do(rows.original, document_id, digest, self._register.answered)
        if original is None:
            return None

        def add(progress: Progress) -> Document:
            return self._mirror.add(
                original.document, original.data, progress, digest=digest, path=original.path
            )

        try:
            return await carried_out(
                add, partial(self._wants, document_id, digest), partial(self._progressed, document_id, digest)
            )
        finally:
            if self._report is not None:  # nobody hears of a part after the whole
                await self._report

    async def _settle(self, document_id: str, digest: str, read: Document | None) -> Step | None:
        if document_id not in self._lacking:  # deleted just as the index took it
            await to_thread.run_sync(self._mirror.remove, document_id)
        return None if read is None else await self._register.do(rows.indexed, read, digest)

    def _progressed(self, document_id: str, digest: str, share: float) -> None:
        now = time.monotonic()
        busy = self._report is not None and not self._report.done()
        if not busy and (share == 0 or now - self._reported >= PROGRESS_S):
            self._reported = now
            self._report = asyncio.create_task(self._say_how_far(document_id, digest, share))

    async def _say_how_far(self, document_id: str, digest: str, share: float) -> None:
        try:
            step = await self._register.do(rows.progressed, document_id, digest, share)
        except ChatError:
            return  # it is a comfort, and no more
        if step is not None:
            self._say(step)

    def _say(self, step: Step) -> None:
        if step.user_id is not None:
            self._tell(step.user_id, step.document)
