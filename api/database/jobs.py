"""What the writer is asked to do, and how what is asked at once is done together."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection

from api.core.errors import ChatError
from api.core.events import Event
from api.database.pieces import Entry

T = TypeVar("T")


class RefusedError(Exception):
    """Base of what a unit may raise before it has changed anything: the others of its commit go on."""


@dataclass
class Transaction:
    """What a unit works on. `events`, and ids of sessions that are `gone`, are published once committed.

    Whoever follows a session that is `gone` reads the rest of it from the database.
    """

    connection: Connection
    journal: Entry
    events: list[Event] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    begun: bool = False
    asked: bool = False
    """Whether the database was asked to commit; if that fails only it knows whether it did."""

    def unsure(self) -> "Transaction | None":
        """What a commit that failed may have done all the same: whoever follows it has to look."""
        if not self.asked:
            return None
        touched = dict.fromkeys([*(event.session_id for event in self.events), *self.gone])
        return Transaction(self.connection, self.journal, gone=list(touched))


Unit = Callable[[Transaction], T]
Part = TypeVar("Part")
Outcome: TypeAlias = Any  # of any result: what a part has become, or the RefusedError that it met
Together = Callable[[Transaction, Sequence[Part]], Sequence[Outcome]]
Done = Callable[[Any, Exception | None], None]


@dataclass(slots=True, eq=False)
class Job:
    unit: Any  # a Unit, or what `together` takes many of
    done: Done
    durable: bool = False
    aside: bool = False
    user: str | None = None
    together: Together[Any] | None = None
    result: Any = None
    error: Exception | None = None
    told: bool = False
    handed: float = 0
    """When it went to the writer's thread."""


def grouped(batch: Sequence[Job]) -> list[list[Job]]:
    """In the order in which they came; those that are done together stand where the first of them stood."""
    groups: dict[object, list[Job]] = {}
    for job in batch:
        groups.setdefault(job.together or id(job), []).append(job)
    return list(groups.values())


def run(transaction: Transaction, jobs: Sequence[Job]) -> None:
    together = jobs[0].together
    if together is None:
        _run_alone(transaction, jobs[0])
        return
    for job, outcome in zip(jobs, together(transaction, [job.unit for job in jobs]), strict=True):
        refused = isinstance(outcome, RefusedError)
        job.result, job.error = (None, outcome) if refused else (outcome, None)


def _run_alone(transaction: Transaction, job: Job) -> None:
    job.error = None
    try:
        job.result = job.unit(transaction)
    except (RefusedError, ChatError) as refusal:
        job.error = refusal.with_traceback(None)  # which holds the job, which holds the error


def resolve(future: "asyncio.Future[T]", result: T, error: Exception | None) -> None:
    if future.done():  # whoever asked has left
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
