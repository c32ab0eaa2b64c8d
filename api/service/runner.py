"""Generations run as tasks of their own: no connection owns them, and losing one stops none."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from api.core.failures import places
from api.core.lifecycle import Status
from api.service.ports import Claim, Undo

log = structlog.get_logger()

STOP_PATIENCE_S = 0.5


@dataclass
class Job:
    """One answer to be written, to a question and what was said before, oldest first.

    `end_as` says how it is to end, once that is settled.
    """

    claim: Claim
    user_id: str
    chain: str
    question: str
    past: Sequence[tuple[str, str]] = ()
    end_as: Status | None = None
    begun: bool = False


Generate = Callable[[Job], Awaitable[None]]


def unattended(_session_id: str) -> Undo:
    """Nobody else is there."""
    return lambda: None


class Runner:
    """Knows the generations of this process."""

    def __init__(self, generate: Generate, attend: Callable[[str], Undo] = unattended) -> None:
        """`attend` is told of each session that is written in; what it returns is called after that."""
        self._generate = generate
        self._attend = attend
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self.draining = False

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._running

    def __len__(self) -> int:
        return len(self._running)

    def running(self) -> frozenset[str]:
        """The answers that are being written here."""
        return frozenset(self._running)

    def writes_in(self, session_id: str) -> bool:
        """Whether an answer of this session is being written here."""
        return any(job.claim.session_id == session_id for job, _ in self._running.values())

    def start(self, job: Job) -> None:
        message_id = job.claim.message_id
        task = asyncio.create_task(self._run(job), name=f"generation {message_id}")
        self._running[message_id] = (job, task)
        leave = self._attend(job.claim.session_id)

        def ended(_: asyncio.Task[None]) -> None:
            self._running.pop(message_id, None)
            leave()

        task.add_done_callback(ended)

    async def _run(self, job: Job) -> None:
        job.begun = True
        if job.end_as is not None:
            _cancel_this_task()
        try:
            await self._generate(job)
        except Exception as error:  # noqa: BLE001 - the sweep ends the answer; nobody awaits this task
            log.error(
                "generation broke",
                message_id=job.claim.message_id,
                error=type(error).__name__,
                at=places(error),
            )

    async def end(self, message_id: str, status: Status) -> bool:
        """Ends a generation as `status` and waits a moment for it; False if it does not run here or hangs."""
        job, task = self._running.get(message_id, (None, None))
        if job is None or task is None:
            return False
        _settle(job, task, status)
        done, _ = await asyncio.wait({task}, timeout=STOP_PATIENCE_S)
        return bool(done)

    def abandon(self, message_id: str) -> None:
        """Stops the work on an answer that has already been ended in the store."""
        job, task = self._running.get(message_id, (None, None))
        if job is not None and task is not None:
            _settle(job, task, Status.CANCELLED)

    async def drain(self, seconds: float) -> Sequence[str]:
        """Takes no more, waits for what runs, and interrupts what is still running after `seconds`.

        Returns the answers whose generations hang all the same.
        """
        self.draining = True
        until = asyncio.get_running_loop().time() + seconds
        while self._running and (left := until - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait({task for _, task in self._running.values()}, timeout=left)
        late = self.running()
        await asyncio.gather(*(self.end(message_id, Status.INTERRUPTED) for message_id in late))
        return [message_id for message_id in late if message_id in self._running]


def _settle(job: Job, task: asyncio.Task[None], status: Status) -> None:
    """How the job ends is decided once. A task cancelled before its first step would never take it."""
    if job.end_as is None:
        job.end_as = status
        if job.begun:
            task.cancel()


def _cancel_this_task() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.cancel()
