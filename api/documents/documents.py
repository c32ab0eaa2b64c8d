"""The documents that answers rest on, with the uploads that are on their way to them."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar, TypeVarTuple

from anyio import to_thread

from api.core.errors import ChatError, Code
from api.documents.indexing import BROKEN, AbandonedError, carried_out
from api.documents.indexing import log_failure as _log
from api.documents.model import Document, Pending, Upload, queued
from api.documents.ports import Corpus, CorpusAwayError, Progress, Tell, UnreadableError
from api.documents.uploads import Uploads

RETRY_SECONDS = 5
CLOSE_SECONDS = 5

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Documents:
    """One worker indexes one upload after the other, in a thread: answers do not wait for it.

    An upload survives a restart. A failed one stays in the list with its reason until it is deleted.
    """

    def __init__(
        self,
        corpus: Corpus,
        uploads: Uploads,
        tell: Tell,
        new_id: Callable[[], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._corpus = corpus
        self._uploads = uploads
        self._tell = tell
        self._new_id = new_id
        self._clock = clock
        self._pending: dict[str, Pending] = {}
        self._moved = 0  # how often an upload has become a document, or has gone
        self._filing = asyncio.Lock()  # one change on the disk at a time
        self._work_to_do = asyncio.Event()
        self._closing = False
        self._worker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up where the last run was left. Raises OSError if the folder cannot be used."""
        for each in await to_thread.run_sync(self._uploads.load):
            self._pending[each.document.id] = each
        self._worker = asyncio.create_task(self._work(), name="documents")

    async def close(self) -> None:
        """Leave off; what is not finished begins again at the next start."""
        self._closing = True
        self._work_to_do.set()
        if self._worker is not None:
            await asyncio.wait([self._worker], timeout=CLOSE_SECONDS)
            self._worker.cancel()
            with suppress(asyncio.CancelledError):
                await self._worker

    async def list(self) -> Sequence[Document]:
        """All documents, the newest first: indexed ones (however they came in) and uploads."""
        while True:
            moved = self._moved
            indexed = await self._asked(self._corpus.documents)
            if moved == self._moved:  # else one might be in neither
                break
        found = {each.id: each for each in indexed}
        found |= {each.document.id: each.document for each in self._pending.values()}
        shown = [each for each in found.values() if not self._is_gone(each.id)]
        return sorted(shown, key=lambda each: (each.created_at, each.id), reverse=True)

    async def get(self, document_id: str) -> Document:
        """Raises `not_found`."""
        if (pending := self._pending.get(document_id)) is not None and not pending.gone:
            return pending.document
        indexed = await self._asked(self._corpus.document, document_id)
        if indexed is None or self._is_gone(document_id):
            raise ChatError(Code.NOT_FOUND)
        return indexed

    async def add(self, user_id: str, uploads: Sequence[Upload]) -> Sequence[Document]:
        """Keep the uploads and queue them for indexing: all, or none. Raises `storage_unavailable`."""
        new = [Pending(queued(each, self._new_id(), self._clock()), user_id) for each in uploads]
        try:
            for pending, upload in zip(new, uploads, strict=True):
                await to_thread.run_sync(self._uploads.keep, pending, upload.file)
        except OSError as error:
            for pending in new:
                with suppress(OSError):
                    await to_thread.run_sync(self._uploads.drop, pending.document.id)
            raise ChatError(Code.STORAGE_UNAVAILABLE) from error
        for pending in new:
            self._show(pending)
        self._work_to_do.set()
        return [pending.document for pending in new]

    async def delete(self, document_id: str) -> None:
        """Raises `not_found`. What is being indexed is left off."""
        async with self._filing:
            pending = self._pending.get(document_id)
            if pending is not None and not pending.gone:
                self._pending[document_id] = gone = replace(pending, gone=True)
                self._work_to_do.set()
                await self._note(gone)
                return
        if pending is not None or not await self._asked(self._corpus.remove, document_id):
            raise ChatError(Code.NOT_FOUND)

    def _is_gone(self, document_id: str) -> bool:
        pending = self._pending.get(document_id)
        return pending is not None and pending.gone

    async def _asked(self, ask: Callable[[*Ts], T], *what: *Ts) -> T:
        """What the corpus says, asked in a thread. Raises `storage_unavailable`."""
        try:
            return await to_thread.run_sync(ask, *what)
        except CorpusAwayError as error:
            raise ChatError(Code.STORAGE_UNAVAILABLE) from error

    async def _work(self) -> None:
        while not self._closing:
            self._work_to_do.clear()
            waiting = next((each for each in self._pending.values() if each.waiting), None)
            if waiting is None:
                await self._work_to_do.wait()
            elif waiting.gone:
                await self._take_away(waiting)
            else:
                await self._index(waiting)

    async def _take_away(self, pending: Pending) -> None:
        document_id = pending.document.id
        try:
            await to_thread.run_sync(self._corpus.remove, document_id)
            async with self._filing:
                await to_thread.run_sync(self._uploads.drop, document_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the document stays hidden
            _log("a deleted document cannot be taken away yet", document_id, error)
            await asyncio.sleep(RETRY_SECONDS)
            return
        self._moved += 1
        del self._pending[document_id]

    async def _index(self, pending: Pending) -> None:
        self._show(replace(pending, document=replace(pending.document, status="indexing")))
        document_id = pending.document.id

        def index(progress: Progress) -> Document:
            return self._corpus.add(pending.document, self._uploads.data(document_id), progress)

        def wanted() -> bool:
            return not (self._closing or self._is_gone(document_id))

        try:
            indexed = await carried_out(index, wanted, partial(self._progressed, document_id))
        except AbandonedError:
            return
        except UnreadableError as error:
            await self._fail(pending, error.reason)
        except CorpusAwayError as error:
            _log("the index cannot be written just now", pending.document.id, error)
            await self._put_off(pending)
        except Exception as error:  # noqa: BLE001 - any failure ends this document and no other
            _log("indexing a document failed", pending.document.id, error)
            await self._fail(pending, BROKEN)
        else:
            await self._finish(pending, indexed)

    async def _put_off(self, pending: Pending) -> None:
        """It waits again, and the others after it."""
        if not self._is_gone(pending.document.id):
            self._show(pending)
        await asyncio.sleep(RETRY_SECONDS)

    async def _finish(self, pending: Pending, indexed: Document) -> None:
        async with self._filing:
            if self._is_gone(indexed.id):
                return  # the worker's next round takes it away
            try:
                await to_thread.run_sync(self._uploads.drop, indexed.id)
            except OSError as error:
                _log("an indexed upload cannot be cleared away, so it is indexed again", indexed.id, error)
            self._moved += 1
            del self._pending[indexed.id]
        self._tell(pending.user_id, indexed)

    async def _fail(self, pending: Pending, reason: str) -> None:
        failed = replace(pending, document=replace(pending.document, status="failed", error=reason))
        async with self._filing:
            if self._is_gone(failed.document.id):
                return
            self._show(failed)
            await self._note(failed)

    async def _note(self, pending: Pending) -> None:
        try:
            await to_thread.run_sync(self._uploads.update, pending)
        except OSError as error:
            _log("the state of an upload cannot be kept", pending.document.id, error)

    def _progressed(self, document_id: str, progress: float) -> None:
        pending = self._pending.get(document_id)
        if pending is None or pending.gone or pending.document.status != "indexing":
            return
        if progress > pending.document.progress:
            self._show(replace(pending, document=replace(pending.document, progress=progress)))

    def _show(self, pending: Pending) -> None:
        self._pending[pending.document.id] = pending
        self._tell(pending.user_id, pending.document)
