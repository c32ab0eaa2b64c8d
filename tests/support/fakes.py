"""A log in memory whose reads stop at a gate, and other parts that only remember."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from api.core.events import Event, Piece
from api.core.notes import Trace, What
from api.core.records import JSON, Position
from api.service.follow import Start
from api.service.ports import Appender, Claim, Deliver, Hint, LogState, Reading, Undo, Wake
from api.wakeups.local import LocalHints, LocalWakeups

EPOCH = "epoch"


class Gate:
    """Stops whoever passes, until it is opened; `reached` tells that somebody stands there."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._open = asyncio.Event()

    async def passing(self) -> None:
        self.reached.set()
        await self._open.wait()

    def open(self) -> None:
        self._open.set()


class MemoryLog:
    """Implements `Log` for followers. A read is taken first and passes `gate` before it returns."""

    epoch = EPOCH

    def __init__(self) -> None:
        self.events: dict[str, list[Event]] = {}
        self.lost: set[str] = set()
        self.gone: set[str] = set()
        self.reads: list[tuple[str, int]] = []
        self.gate: Gate | None = None
        self.failure: Exception | None = None
        self._wakeups = LocalWakeups()

    def append(self, session_id: str, *texts: str) -> None:
        """Each text is one piece of the answer `m`; whoever watches is woken once."""
        events = self.events.setdefault(session_id, [])
        for text in texts:
            at = sum(len(event.content) for event in events if isinstance(event, Piece))
            events.append(Piece(session_id, len(events) + 1, "m", at, text))
        self._wakeups.wake(session_id)

    def wake(self, session_id: str) -> None:
        self._wakeups.wake(session_id)

    def recent(self, session_id: str, after: Position) -> Reading | None:
        return None

    async def read(self, session_id: str, after: Position) -> Reading:
        self.reads.append((session_id, after.seq))
        if self.failure is not None:
            raise self.failure
        found = self._found(session_id, after.seq)
        gate, self.gate = self.gate, None
        if gate is not None:
            await gate.passing()
        return found

    def _found(self, session_id: str, after: int) -> Reading:
        if session_id in self.lost:
            return Reading(lost=True)
        events = self.events.get(session_id, [])[after:]
        return Reading(events, gone=not events and session_id in self.gone)

    def watch(self, session_id: str, wake: Wake) -> Undo:
        return self._wakeups.watch(session_id, wake)

    async def state(self, session_id: str, user_id: str | None = None) -> LogState:
        return LogState(Position(EPOCH, len(self.events.get(session_id, []))), 0, None)

    def appender(self, claim: Claim) -> Appender:
        raise NotImplementedError

    async def trim(self, ended_before: datetime) -> int:
        raise NotImplementedError


class RememberedHints(LocalHints):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, Hint]] = []

    def tell(self, user_id: str, hint: Hint) -> None:
        self.told.append((user_id, hint))
        super().tell(user_id, hint)

    def listen(self, user_id: str, deliver: Deliver) -> Undo:
        return super().listen(user_id, deliver)


@dataclass
class RememberedNotes:
    """Implements `Notes` for whoever makes notes: each is what happened, to which message or session."""

    made: list[tuple[What, str | None, dict[str, JSON]]] = field(default_factory=list)
    ages: list[datetime] = field(default_factory=list)

    def note(
        self,
        what: What,
        detail: Mapping[str, JSON] | None = None,
        *,
        message_id: str | None = None,
        session_id: str | None = None,
        at: datetime | None = None,
    ) -> None:
        self.made.append((what, message_id or session_id, dict(detail or {})))

    def of(self, message_id: str) -> list[What]:
        return [what for what, subject, _ in self.made if subject == message_id]

    async def trace(self, user_id: str, session_id: str, message_id: str) -> Trace:
        raise NotImplementedError

    async def age(self, before: datetime) -> int:
        self.ages.append(before)
        return 0


class Unattended:
    """Nobody asks who comes and goes."""

    def came(self, start: Start) -> None:
        return

    def left(self, session_id: str, cursor: Position) -> None:
        return
