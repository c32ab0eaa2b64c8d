"""Writing an answer's end, for as long as it takes."""

import asyncio

import structlog

from api.core.errors import ChatError
from api.service.chat import tell_session
from api.service.ports import Ending, Hints, Store
from api.service.runner import Job

log = structlog.get_logger()

RETRY_S = 1.0


class Finisher:
    """An answer must end, so a database that is away is asked until it is back."""

    def __init__(self, store: Store, hints: Hints, retry_s: float = RETRY_S) -> None:
        self._store = store
        self._hints = hints
        self._retry_s = retry_s

    async def __call__(self, job: Job, ending: Ending) -> None:
        while True:
            try:
                await self._store.finish(ending)
                break
            except ChatError as error:
                log.warning("cannot write an end yet", message_id=ending.message_id, code=error.code)
                await asyncio.sleep(self._retry_s)
        await tell_session(self._store, self._hints, job.user_id, job.claim.session_id)
