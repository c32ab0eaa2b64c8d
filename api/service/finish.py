"""Writing an answer's end, for as long as it takes."""

import asyncio

import structlog

from api.core.errors import TABLE, ChatError, Code, Problem
from api.core.failures import places
from api.core.lifecycle import Status
from api.service.ports import Ending, Hints, NewId, Outcome, SessionHint, Store
from api.service.runner import Job

log = structlog.get_logger()

RETRY_S = 1.0


class Finisher:
    """An answer must end, so a database that is away is asked until it is back.

    An end that cannot be written for any other reason is written as a failure that carries nothing.
    """

    def __init__(self, store: Store, hints: Hints, new_id: NewId, retry_s: float = RETRY_S) -> None:
        self._store = store
        self._hints = hints
        self._new_id = new_id
        self._retry_s = retry_s

    async def __call__(self, job: Job, ending: Ending) -> None:
        try:
            outcome = await self._write(ending)
        except Exception as error:  # noqa: BLE001 - what it is is noted; the answer must not stay open
            outcome = await self._write(self._failed(ending, error))
        await self._tell(job, outcome)

    async def _tell(self, job: Job, outcome: Outcome) -> None:
        """Tells the user's connections how the session stands; a hint that cannot be made is not missed."""
        session_id = job.claim.session_id
        try:
            # Whoever else has ended it may have told nobody.
            session = outcome.session or await self._store.session(job.user_id, session_id)
        except ChatError:
            return
        self._hints.tell(job.user_id, SessionHint(session_id, session))

    async def _write(self, ending: Ending) -> Outcome:
        told = False
        while True:
            try:
                return await self._store.finish(ending)
            except ChatError as error:
                if not told:
                    log.warning("cannot write an end yet", message_id=ending.message_id, code=error.code)
                told = True
                await asyncio.sleep(self._retry_s)

    def _failed(self, ending: Ending, error: Exception) -> Ending:
        error_id = self._new_id()
        log.error(
            "cannot write an end",
            error_id=error_id,
            message_id=ending.message_id,
            status=ending.status,
            error=type(error).__name__,
            at=places(error),
        )
        rule = TABLE[Code.INTERNAL]
        problem = Problem(Code.INTERNAL, rule.message, rule.retryable, error_id=error_id)
        return Ending(ending.message_id, Status.FAILED, error=problem, fence=ending.fence)
