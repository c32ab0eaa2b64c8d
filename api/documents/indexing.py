"""A document on its way into the index, in a thread: answers do not wait for it."""

import asyncio
import math
from collections.abc import Callable

import structlog
from anyio import to_thread

from api.core.failures import places
from api.documents.model import Document
from api.documents.ports import Progress

BROKEN = "The server failed to index it. Delete it and upload it again, or ask whoever runs this server."

log = structlog.get_logger()


class AbandonedError(Exception):
    """The document was deleted, or the server leaves, while it was being indexed."""


async def carried_out(
    index: Callable[[Progress], Document], wanted: Callable[[], bool], progressed: Progress
) -> Document:
    """What `index` returns, or raises. `progressed` is told in the event loop, in hundredths.

    Raises AbandonedError soon after it is no longer `wanted`.
    """
    loop = asyncio.get_running_loop()

    def progress(share: float) -> None:
        if not wanted():
            raise AbandonedError
        loop.call_soon_threadsafe(progressed, math.floor(share * 100) / 100)

    def work() -> Document:
        progress(0)
        return index(progress)

    return await to_thread.run_sync(work)


def log_failure(what: str, document_id: str, error: Exception) -> None:
    log.error(what, document_id=document_id, error=type(error).__name__, at=places(error))
