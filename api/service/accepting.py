"""Accepting what asks for an answer, durably and once, and starting that answer."""

from collections.abc import Container

from api.core.errors import ChatError, Code
from api.service.background import Background
from api.service.ports import Claim, Hints, NewId, Rates, SessionHint, Store
from api.service.reaper import Reaper
from api.service.requests import Accepted, AnswerRequest, SendRequest
from api.service.runner import Job, Runner

LEAVING_RETRY_MS = 2000
"""When to come back to a server that is leaving, or to whatever comes in its place."""


class Accepting:
    """Sends and retries alike: limits first, then the acceptance, then the generation."""

    def __init__(
        self,
        *,
        store: Store,
        runner: Runner,
        reaper: Reaper,
        chains: Container[str],
        hints: Hints,
        rates: Rates,
        generations: int,
        background: Background,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._runner = runner
        self._reaper = reaper
        self._chains = chains
        self._hints = hints
        self._rates = rates
        self._generations = generations
        self._background = background
        self._new_id = new_id

    async def __call__(self, request: AnswerRequest, barred: ChatError | None = None) -> Accepted:
        """Accepts a request; the same one again runs nothing.

        `barred` is why its door takes nothing new just now; a repetition is answered all the same.
        """
        refusal = barred or self._refusal(request)
        if refusal is None:
            try:
                accepted = await self._background.carried_through(self._accept(request))
            except ChatError as error:
                # What cannot be written may still be read: the repetition is looked for before refusing.
                if error.code is not Code.STORAGE_UNAVAILABLE:
                    raise
                refusal = error
            else:
                return await self._as_it_stands(request, accepted) if accepted.duplicate else accepted
        known = await self._store.repetition(request)
        if known is None:
            raise refusal
        return await self._as_it_stands(request, known)

    def _refusal(self, request: AnswerRequest) -> ChatError | None:
        """Why nothing new is accepted; if None, one message of the user's rate is reserved."""
        if (
            isinstance(request, SendRequest)
            and request.session_id is None
            and request.chain is not None
            and request.chain not in self._chains
        ):
            return ChatError(Code.UNKNOWN_CHAIN)
        if self._runner.draining:
            return ChatError(Code.OVERLOADED, retry_after_ms=LEAVING_RETRY_MS)
        wait_ms = self._rates.reserve(request.user_id)
        return None if wait_ms is None else ChatError(Code.RATE_LIMITED, retry_after_ms=wait_ms)

    async def _accept(self, request: AnswerRequest) -> Accepted:
        """What was reserved of the user's rate counts only if something new was accepted."""
        fence = self._new_id()
        new = False
        try:
            accepted = await self._reaper.past_lost(
                lambda: self._store.accept(request, fence=fence, generations=self._generations)
            )
            new = not accepted.duplicate
        finally:
            self._rates.settle(request.user_id, counted=new)
        if new:
            self._start(request.user_id, accepted, fence)
            self._hints.tell(request.user_id, SessionHint(accepted.session_id, accepted.session))
        return accepted

    async def _as_it_stands(self, request: AnswerRequest, known: Accepted) -> Accepted:
        """A repetition, with the end of its answer if that was lost and can be written now."""
        if known.status.terminal or known.pending_message_id in self._runner:
            return known
        try:
            if not await self._reaper.check(known.session_id):
                return known
        except ChatError as error:
            if error.code is not Code.STORAGE_UNAVAILABLE:
                raise
            return known
        return await self._store.repetition(request) or known

    def _start(self, user_id: str, accepted: Accepted, fence: str) -> None:
        claim = Claim(accepted.session_id, accepted.pending_message_id, fence, accepted.before.seq + 1)
        self._runner.start(Job(claim, user_id, accepted.chain, accepted.question.content, accepted.past))
