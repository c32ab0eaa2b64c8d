"""Generations run as tasks of their own: no connection owns them, and losing one stops none."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from api.core.failures import places
from api.core.lifecycle import Status
from api.service.ports import Claim

log = structlog.get_logger()

STOP_PATIENCE_S = 0.5


@dataclass
class Job:
    """One answer to be written. `end_as` says how it is to end when somebody ends it from outside."""

    claim: Claim
    user_id: str
    chain: str
    question: str
    index: int
    end_as: Status | None = None


Generate = Callable[[Job], Awaitable[None]]


class Runner:
    """Knows the generations of this process."""

    def __init__(self, generate: Generate) -> None:
        self._generate = generate
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self.draining = False

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._running

    def __len__(self) -> int:
        return len(self._running)

    def start(self, job: Job) -> None:
        message_id = job.claim.message_id
        task = asyncio.create_task(self._run(job), name=f"generation {message_id}")
        self._running[message_id] = (job, task)

    async def _run(self, job: Job) -> None:
        try:
            await self._generate(job)
        except Exception as error:  # noqa: BLE001 - the sweep ends the answer; nobody awaits this task
            log.error(
                "generation broke",
                message_id=job.claim.message_id,
                error=type(error).__name__,
                at=places(error),
            )
        finally:
            del self._running[job.claim.message_id]

    async def end(self, message_id: str, status: Status) -> bool:
        """Ends a generation as `status` and waits a moment for it; False if it does not run here or hangs."""
        job, task = self._running.get(message_id, (None, None))
        if job is None or task is None:
            return False
        if job.end_as is None:
            job.end_as = status
            task.cancel()
        done, _ = await asyncio.wait({task}, timeout=STOP_PATIENCE_S)
        return bool(done)

    def abandon(self, message_id: str) -> None:
        """Stops the work on an answer that has already been ended in the store."""
        job, task = self._running.get(message_id, (None, None))
        if job is not None and task is not None and job.end_as is None:
            job.end_as = Status.CANCELLED
            task.cancel()

    async def drain(self, seconds: float) -> None:
        """Takes no more, waits for what runs, and interrupts what is still running after `seconds`."""
        self.draining = True
        tasks = {task for _, task in self._running.values()}
        if tasks and seconds:
            await asyncio.wait(tasks, timeout=seconds)
        for message_id in list(self._running):
            await self.end(message_id, Status.INTERRUPTED)
