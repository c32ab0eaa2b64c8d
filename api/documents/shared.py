"""The documents that the answers of several servers rest on: one collection, which PostgreSQL holds."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeAlias

from anyio import to_thread

from api.core.errors import ChatError, Code
from api.documents import shared_rows as rows
from api.documents.catching_up import CatchingUp
from api.documents.follower import Follower
from api.documents.model import Document, Upload, queued
from api.documents.ports import CorpusAwayError, Mirror, Tell
from api.documents.register import Register
from api.documents.shared_rows import New
from chains.ingest import content_digest

Bell: TypeAlias = Callable[[Callable[[], None]], Callable[[], None]]
"""Takes what is called when others may have rung it, and gives what rings it for them; may be lost."""


class SharedDocuments:
    """Implements `Collection`. What it tells is what all servers tell; the index of this one follows."""

    def __init__(
        self,
        register: Register,
        mirror: Mirror,
        tell: Tell,
        bell: Bell,
        new_id: Callable[[], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._register = register
        self._mirror = mirror
        self._tell = tell
        self._new_id = new_id
        self._clock = clock
        self._catching_up = CatchingUp(register, mirror, tell)
        self.follower = Follower(register, mirror, self._catching_up, clock)
        self._ring = bell(self.follower.wake)

    async def start(self) -> None:
        await self.follower.start()
        self._catching_up.start()

    async def close(self) -> None:
        await self.follower.close()
        await self._catching_up.close()
        await self._register.close()

    async def list(self) -> Sequence[Document]:
        return await self._register.read(rows.documents)

    async def get(self, document_id: str) -> Document:
        found = None if "\0" in document_id else await self._register.read(rows.document, document_id)
        if found is None:
            raise ChatError(Code.NOT_FOUND)
        return found

    async def add(self, user_id: str, uploads: Sequence[Upload]) -> Sequence[Document]:
        """They are in PostgreSQL when this returns."""
        kept = [queued(each, self._new_id(), self._clock()) for each in uploads]
        try:
            new = [
                await to_thread.run_sync(_new, document, upload, user_id)
                for document, upload in zip(kept, uploads, strict=True)
            ]
            await self._register.do(rows.put, new, self._register.answered)
        except OSError as error:
            raise ChatError(Code.STORAGE_UNAVAILABLE) from error
        for document in kept:
            self._tell(user_id, document)
        self._changed()
        return kept

    async def delete(self, document_id: str) -> None:
        """It is out of this server's index when this returns, and soon out of the others'."""
        if "\0" in document_id or not await self._register.do(rows.delete, document_id, self._clock()):
            raise ChatError(Code.NOT_FOUND)
        self._catching_up.leave(document_id)
        with suppress(CorpusAwayError):  # then it goes when the next look finds it
            await to_thread.run_sync(self._mirror.remove, document_id)
        self._changed()

    def _changed(self) -> None:
        self.follower.wake()
        self._ring()


def _new(document: Document, upload: Upload, user_id: str) -> New:
    upload.file.seek(0)
    return New(document, content_digest(upload.file.read()), upload.file, user_id)
