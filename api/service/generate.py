"""Producing one answer: the chain's pieces into the log, and always an end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any

import structlog

from api.core.errors import TABLE, ChatError, Code, Problem
from api.core.events import PIECE_BYTES
from api.core.failures import places
from api.core.lifecycle import Status
from api.core.notes import What
from api.core.points import Point, Reach, nowhere
from api.core.text import cut
from api.service.answer import Answer
from api.service.contained import Origin, begun_from, contained_task
from api.service.deadline import Deadline, GenerationLimits, Turns
from api.service.ports import Appender, ClaimLostError, Ending, Hints, Log, NewId, Notes, StageHint
from api.service.runner import Job
from chains.contract import Chain, Exchange, Piece, UnsupportedPiece

log = structlog.get_logger()

UNSAVED = "The server could not save any more of this answer, so it ends here. Ask again."
PATIENCE_S = 5.0
"""A chain that is cancelled has this long to let go of its stream."""


class Generator:
    """Runs a job to its end. Whatever happens, the answer gets exactly one terminal status."""

    def __init__(
        self,
        *,
        chains: Mapping[str, Chain],
        log: Log,
        finish: Callable[[Job, Ending], Awaitable[None]],
        hints: Hints,
        notes: Notes,
        limits: GenerationLimits,
        new_id: NewId,
        reach: Reach = nowhere,
    ) -> None:
        self._chains = chains
        self._log = log
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
        deadline, origin = Deadline(self._limits), Origin(job.chain)
        turns = Turns(origin)
        try:
            if job.end_as is not None:
                await asyncio.sleep(0)  # asked to end before it began: that arrives here
            pulling = contained_task(self._pull(job, answer, appender, deadline, turns), origin)
            self._pulling.add(pulling)
            pulling.add_done_callback(self._pulled)
            while not pulling.done() and (left := deadline.left) > 0:
                await asyncio.wait({pulling}, timeout=left)
            deadline.expired = not pulling.done()
            if answer.full or deadline.expired or _error_of(pulling) is not None:
                await _let_go(origin)
        except asyncio.CancelledError:
            _uncancel()
            await _let_go(origin)
            return self._asked(job)
        return self._pulled_to(job, answer, deadline, pulling)

    def _pulled(self, task: asyncio.Task[None]) -> None:
        self._pulling.discard(task)
        if not task.cancelled():
            task.exception()  # taken, so that nobody is warned of what came after the end

    def _pulled_to(
        self, job: Job, answer: Answer, deadline: Deadline, pulling: asyncio.Task[None]
    ) -> tuple[Status, Problem | None]:
        """Why a chain was closed stays the reason, whatever it made of that."""
        error = _error_of(pulling)
        if isinstance(error, ClaimLostError | ChatError):
            raise error
        if answer.full:
            return Status.FAILED, self._problem(Code.OUTPUT_LIMIT, job, error)
        if deadline.expired:
            return Status.FAILED, self._problem(Code.CHAIN_TIMEOUT, job, error)
        if error is not None:
            words = str(error) if isinstance(error, UnsupportedPiece) else None
            return Status.FAILED, self._problem(Code.CHAIN_FAILED, job, error, words)
        return Status.COMPLETE, None

    async def _pull(
        self,
        job: Job,
        answer: Answer,
        appender: Appender,
        deadline: Deadline,
        turns: Turns,
    ) -> None:
        self._notes.note(What.STARTED, {"chain": job.chain}, message_id=job.claim.message_id)
        past = [Exchange(question, answered) for question, answered in job.past]
        pulled = self._chains[job.chain].pieces(job.question, past, answer.joiner)
        async with aclosing(pulled) as pieces:
            async for piece in pieces:
                deadline.next_piece()
                for bit in self._bits(job, answer, piece):
                    if not appender.write(bit):
                        deadline.pause()
                        await appender.room()
                        deadline.next_piece()
                if turns.due:
                    await turns.give()
                    deadline.next_piece()
                if answer.full:
                    break

    def _bits(self, job: Job, answer: Answer, piece: Piece) -> Iterator[str]:
        """Its text; of a long one bit by bit, as the database takes it."""
        if piece.status is not None:
            claim = job.claim
            self._hints.tell(job.user_id, StageHint(claim.session_id, claim.message_id, piece.status[:200]))
        text = answer.fit(answer.take(piece))
        if text and not answer.begun:
            answer.begun = True
            self._notes.note(What.FIRST_PIECE, message_id=job.claim.message_id)
        return cut(text, PIECE_BYTES)

    def _asked(self, job: Job) -> tuple[Status, Problem | None]:
        status = job.end_as or Status.INTERRUPTED
        return status, None if status is Status.CANCELLED else interrupted()

    def _problem(
        self, code: Code, job: Job, error: BaseException | None, words: str | None = None
    ) -> Problem:
        error_id = self._new_id()
        log.warning(
            "answer failed",
            code=code,
            error_id=error_id,
            message_id=job.claim.message_id,
            chain=job.chain,
            error=type(error).__name__,
            at=[] if error is None else places(error),
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


async def _let_go(origin: Origin) -> None:
    """Cancels a chain, with all tasks that it has begun: one of them may hold the model's stream.

    What took its cancellation for itself is cancelled once more, and left behind.
    """
    tasks = begun_from(origin)
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=PATIENCE_S)
    for task in begun_from(origin):
        task.cancel()


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    """None as well for one that is not done."""
    if not task.done():
        return None
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def _uncancel() -> None:
    task: asyncio.Task[Any] | None = asyncio.current_task()
    if task is not None:
        task.uncancel()
