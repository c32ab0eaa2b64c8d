"""Producing one answer: the chain's pieces into the log, and always an end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import structlog

from api.core.errors import TABLE, ChatError, Code, Problem
from api.core.failures import places
from api.core.history import exchanges
from api.core.lifecycle import Status
from api.core.notes import What
from api.core.points import Point, Reach, nowhere
from api.service.answer import Answer, OutputLimitError
from api.service.contained import contained_task
from api.service.ports import Appender, ClaimLostError, Ending, Hints, Log, NewId, Notes, StageHint
from api.service.runner import Job
from chains.contract import Chain, Exchange, Piece, UnsupportedPiece

log = structlog.get_logger()

UNSAVED = "The server could not save any more of this answer, so it ends here. Ask again."
PATIENCE_S = 5.0
"""A chain that is cancelled has this long to let go of its stream."""


@dataclass(frozen=True, slots=True)
class GenerationLimits:
    """Seconds, bytes of UTF-8, messages and code points; see the settings of the same names."""

    first_piece: float
    gap: float
    total: float
    output_bytes: int
    history_messages: int
    history_chars: int


class ChainTimeoutError(Exception):
    """The chain was silent, or at work, for too long."""


class Deadline:
    """Which limit of time comes next: the first piece, the next one, or the end."""

    def __init__(self, limits: GenerationLimits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + limits.total
        self.timeout = asyncio.timeout_at(min(self._loop.time() + limits.first_piece, self._end))

    def pause(self) -> None:
        """While the database is awaited, only the whole counts."""
        self._reschedule(self._end)

    def next_piece(self) -> None:
        self._reschedule(min(self._loop.time() + self._limits.gap, self._end))

    def _reschedule(self, when: float) -> None:
        if self.timeout.expired():  # the chain took the cancellation for itself and went on
            raise ChainTimeoutError
        self.timeout.reschedule(when)


class Generator:
    """Runs a job to its end. Whatever happens, the answer gets exactly one terminal status."""

    def __init__(
        self,
        *,
        chains: Mapping[str, Chain],
        log: Log,
        history: Callable[[str, int, int], Awaitable[Sequence[tuple[str, str]]]],
        finish: Callable[[Job, Ending], Awaitable[None]],
        hints: Hints,
        notes: Notes,
        limits: GenerationLimits,
        new_id: NewId,
        reach: Reach = nowhere,
    ) -> None:
        self._chains = chains
        self._log = log
        self._history = history
        self._finish = finish
        self._hints = hints
        self._notes = notes
        self._limits = limits
        self._new_id = new_id
        self._reach = reach
        self._pulling: set[asyncio.Task[None]] = set()

    async def __call__(self, job: Job) -> None:
        self._reach(Point.AFTER_CLAIM)
        answer = Answer(self._limits.output_bytes)
        appender = self._log.appender(job.claim)
        try:
            status, problem = await self._outcome(job, answer, appender)
        except ClaimLostError:
            return  # somebody else has ended it
        if status is Status.INTERRUPTED:
            self._notes.note(What.SERVER_LEFT, message_id=job.claim.message_id)
        ending = Ending(
            message_id=job.claim.message_id,
            status=status,
            sources=answer.sources,
            confidence=answer.confidence,
            error=problem,
            fence=job.claim.fence,
        )
        # Settled: from here on nobody ends it differently, or breaks the writing of its end off.
        job.end_as = status
        self._reach(Point.BEFORE_TERMINAL)
        await self._finish(job, ending)

    async def _outcome(self, job: Job, answer: Answer, appender: Appender) -> tuple[Status, Problem | None]:
        """The status that the answer ends with, after all that it said is in the log."""
        try:
            status, problem = await self._produce(job, answer, appender)
            if rest := answer.rest():
                appender.write(rest)
            try:
                await appender.flushed()
            except asyncio.CancelledError:  # asked to end meanwhile: what it said is kept all the same
                _uncancel()
                status, problem = self._asked(job)
                await appender.flushed()
        except ChatError as error:
            return Status.FAILED, _broken_off(error)
        return status, problem

    async def _produce(self, job: Job, answer: Answer, appender: Appender) -> tuple[Status, Problem | None]:
        """Pulls in a task of its own, so that a chain that will not be cancelled can be left behind."""
        pulling = contained_task(self._pull(job, answer, appender), job.chain)
        self._pulling.add(pulling)
        pulling.add_done_callback(self._pulled)
        try:
            await asyncio.wait({pulling}, timeout=self._limits.total + PATIENCE_S)
        except asyncio.CancelledError:
            _uncancel()
            pulling.cancel()
            await asyncio.wait({pulling}, timeout=PATIENCE_S)
            return self._asked(job)
        pulling.cancel()
        return self._pulled_to(job, pulling)

    def _pulled(self, task: asyncio.Task[None]) -> None:
        self._pulling.discard(task)
        if not task.cancelled():
            task.exception()  # taken, so that nobody is warned of what came after the end

    def _pulled_to(self, job: Job, pulling: asyncio.Task[None]) -> tuple[Status, Problem | None]:
        try:
            if not pulling.done():
                raise ChainTimeoutError  # noqa: TRY301 - told as the others are
            pulling.result()
        except (ClaimLostError, ChatError):
            raise
        except ChainTimeoutError as error:
            return Status.FAILED, self._problem(Code.CHAIN_TIMEOUT, job, error)
        except OutputLimitError as error:
            return Status.FAILED, self._problem(Code.OUTPUT_LIMIT, job, error)
        except UnsupportedPiece as error:
            return Status.FAILED, self._problem(Code.CHAIN_FAILED, job, error, str(error))
        except BaseException as error:  # noqa: BLE001 - a stranger's chain may raise anything
            return Status.FAILED, self._problem(Code.CHAIN_FAILED, job, error)
        return Status.COMPLETE, None

    async def _pull(self, job: Job, answer: Answer, appender: Appender) -> None:
        past = await self._past(job)
        self._notes.note(What.STARTED, {"chain": job.chain}, message_id=job.claim.message_id)
        deadline = Deadline(self._limits)
        try:
            async with (
                deadline.timeout,
                aclosing(self._chains[job.chain].pieces(job.question, past, answer.joiner)) as pieces,
            ):
                async for piece in pieces:
                    deadline.pause()
                    await self._pass_on(job, answer, appender, piece)
                    deadline.next_piece()
        except TimeoutError as error:
            if deadline.timeout.expired():
                raise ChainTimeoutError from error
            raise

    async def _past(self, job: Job) -> list[Exchange]:
        most = self._limits.history_messages
        past = await self._history(job.claim.session_id, job.index, most // 2)
        told = exchanges(past, self._limits.history_chars)
        return [Exchange(question, answer) for question, answer in told]

    async def _pass_on(self, job: Job, answer: Answer, appender: Appender, piece: Piece) -> None:
        if piece.status is not None:
            claim = job.claim
            self._hints.tell(job.user_id, StageHint(claim.session_id, claim.message_id, piece.status[:200]))
        text, whole = answer.fit(answer.take(piece))
        if text:
            if not answer.begun:
                answer.begun = True
                self._notes.note(What.FIRST_PIECE, message_id=job.claim.message_id)
            appender.write(text)
            await appender.room()
        if not whole:
            raise OutputLimitError

    def _asked(self, job: Job) -> tuple[Status, Problem | None]:
        status = job.end_as or Status.INTERRUPTED
        return status, None if status is Status.CANCELLED else interrupted()

    def _problem(self, code: Code, job: Job, error: BaseException, words: str | None = None) -> Problem:
        error_id = self._new_id()
        log.warning(
            "answer failed",
            code=code,
            error_id=error_id,
            message_id=job.claim.message_id,
            chain=job.chain,
            error=type(error).__name__,
            at=places(error),
        )
        rule = TABLE[code]
        return Problem(code, words or rule.message, rule.retryable, error_id=error_id)


def interrupted() -> Problem:
    rule = TABLE[Code.INTERRUPTED]
    return Problem(Code.INTERRUPTED, rule.message, rule.retryable)


def _broken_off(error: ChatError) -> Problem:
    """The words for a request that is refused would be wrong: this one was accepted."""
    words = UNSAVED if error.code is Code.STORAGE_UNAVAILABLE else error.problem.message
    return Problem(error.code, words, error.rule.retryable, error_id=error.error_id)


def _uncancel() -> None:
    task: asyncio.Task[Any] | None = asyncio.current_task()
    if task is not None:
        task.uncancel()
