"""What the use cases need from outside: where things are kept, who is told, and the time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

from api.core.errors import Problem
from api.core.events import Event
from api.core.leases import Lease, Leases
from api.core.lifecycle import Status
from api.core.notes import Trace, What
from api.core.records import JSON, Message, Position, Session
from api.service.requests import Accepted, AnswerRequest, Outcome

Clock: TypeAlias = Callable[[], datetime]
NewId: TypeAlias = Callable[[], str]
Wake: TypeAlias = Callable[[], None]
Undo: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write one answer. Whoever holds the fence may append; a newer owner has another one.

    `seq` is the number of the event by which the answer came into being: its pieces follow it.
    """

    session_id: str
    message_id: str
    fence: str
    seq: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer is to end.

    With a `fence` only its holder may end it; with a `lease` it ends only while that is as it was read.
    """

    message_id: str
    status: Status
    sources: Sequence[Mapping[str, JSON]] = ()
    confidence: float | None = None
    error: Problem | None = None
    fence: str | None = None
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, oldest first; `seq` is the log's position in the same snapshot (None on older pages)."""

    messages: Sequence[Message]
    has_more: bool
    position: Position


class Reading(NamedTuple):
    """What a follower finds after its cursor.

    `lost`: events after the cursor have been trimmed, or the epoch changed. `gone`: the session was
    deleted and there is nothing more to read.
    """

    events: Sequence[Event] = ()
    lost: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class LogState:
    """A session's log at one moment: its end, what has been trimmed, and the answer that is running.

    `active_from` is the position just before the first event of the answer that is not terminal.
    """

    end: Position
    trimmed: int
    active_from: int | None


class Appender(Protocol):
    """Writes one answer's text into the log, in order."""

    def write(self, text: str) -> bool:
        """Hands over `text` at once; what waits for the same commit becomes one event.

        Tells whether more can follow at once; otherwise `room` has to be awaited before.
        """

    async def room(self) -> None:
        """Waits until little is uncommitted. Raises ClaimLostError or ChatError(storage_unavailable)."""

    async def flushed(self) -> None:
        """Waits until everything is committed. Raises as `room` does."""


class ClaimLostError(Exception):
    """The answer has ended or belongs to somebody else now; nothing more may be written."""


class Log(Protocol):
    """The session log. It is the only thing that is followed."""

    @property
    def epoch(self) -> str: ...

    def appender(self, claim: Claim) -> Appender: ...

    def recent(self, session_id: str, after: Position) -> Reading | None:
        """All that follows `after`, if it is at hand; then there is no more until somebody is woken."""

    async def read(self, session_id: str, after: Position) -> Reading:
        """What follows `after`, or the beginning of it."""

    async def state(self, session_id: str, user_id: str | None = None) -> LogState:
        """Raises ChatError(not_found); where a user is named also if it is not theirs, or was deleted."""

    def watch(self, session_id: str, wake: Wake) -> Undo: ...

    async def trim(self, ended_before: datetime) -> int: ...


class Store(Protocol):
    """The history of all users. Every query filters by its owner, `user_id`."""

    async def accept(self, request: AnswerRequest, *, fence: str, generations: int) -> Accepted: ...

    async def repetition(self, request: AnswerRequest) -> Accepted | None:
        """What was accepted of this request before; nothing new is."""

    async def finish(self, ending: Ending) -> Outcome: ...

    async def beat(self, owner: str, number: int) -> None:
        """Shows that this process lives, by a number that it has not shown before."""

    async def leases(self) -> Leases: ...

    async def lease(self, session_id: str) -> Lease | None:
        """That of the answer which is being written in this session."""

    async def forget(self, owner: str, beat: int) -> None:
        """Removes a process that is gone, unless its beat is another one by now."""

    async def create_session(self, user_id: str, title: str, chain: str) -> Session: ...

    async def session(self, user_id: str, session_id: str) -> Session: ...

    async def sessions(
        self, user_id: str, limit: int, *, offset: int = 0, before: tuple[datetime, str] | None = None
    ) -> Sequence[Session]: ...

    async def rename(self, user_id: str, session_id: str, title: str) -> Session: ...

    async def delete(self, user_id: str, session_id: str) -> str | None: ...

    async def page(
        self, user_id: str, session_id: str, limit: int, before: str | None, *, superseded: bool = False
    ) -> Page:
        """The messages just before a message, or the newest; replaced attempts only if `superseded`."""

    async def message(self, user_id: str, message_id: str, session_id: str | None = None) -> Message: ...

    async def purge(self, deleted_before: datetime) -> bool:
        """Erases a little of what was deleted before that time; False if nothing of it is left."""

    async def scrub(self) -> bool:
        """Removes what is still stored of all that was erased; False if it has to be tried again."""


class Notes(Protocol):
    """Remembers what happened to messages. Nothing depends on a note, and none holds what people wrote."""

    def note(
        self,
        what: What,
        detail: Mapping[str, JSON] | None = None,
        *,
        message_id: str | None = None,
        session_id: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Notes what happened to an answer, or else in a session. Returns at once; it is kept soon after."""

    async def trace(self, user_id: str, session_id: str, message_id: str) -> Trace:
        """What is known of an answer, or of all attempts at a question. Raises not_found."""

    async def age(self, before: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class SessionHint:
    """One of the user's sessions changed, or went if `session` is None."""

    session_id: str
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class StageHint:
    """What a running answer is doing right now."""

    session_id: str
    message_id: str
    stage: str


@dataclass(frozen=True, slots=True)
class DocumentHint:
    """A document changed; `document` is its representation on the wire."""

    document: Mapping[str, JSON]


Hint: TypeAlias = SessionHint | StageHint | DocumentHint
Deliver: TypeAlias = Callable[[Hint], None]


class Hints(Protocol):
    """Tells a user's connections that something changed. Nothing depends on a hint's arrival."""

    def tell(self, user_id: str, hint: Hint) -> None: ...

    def listen(self, user_id: str, deliver: Deliver) -> Undo: ...


class Wakeups(Protocol):
    """Tells followers that something was committed to a session's log."""

    def wake(self, session_id: str) -> None: ...

    def watch(self, session_id: str, wake: Wake) -> Undo: ...


class Rates(Protocol):
    """How often a user may send. Only what was really sent counts."""

    def reserve(self, user_id: str) -> int | None:
        """None if the user may send now, else the milliseconds to wait."""

    def settle(self, user_id: str, *, counted: bool) -> None:
        """What was reserved has been sent, or was not after all."""
