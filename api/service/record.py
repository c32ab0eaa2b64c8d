"""What happened to a message, put together from its attempts, their notes and those of the followers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from api.core.notes import Attempt, Note, Trace, What
from api.core.records import JSON
from api.service.ports import Notes
from api.service.visits import Visitors


class Records:
    def __init__(self, notes: Notes, visitors: Visitors) -> None:
        self._notes = notes
        self._visitors = visitors

    async def of(self, user_id: str, session_id: str, message_id: str) -> Sequence[Note]:
        """An answer's record; that of a question tells of all attempts at it. Raises not_found."""
        trace = await self._notes.trace(user_id, session_id, message_id)
        return record(trace, lambda connection: (connection, session_id) in self._visitors)


def record(trace: Trace, here: Callable[[str], bool]) -> Sequence[Note]:
    """All that happened, by time. `here` tells whether a connection still follows the session."""
    own = [note for note in trace.notes if note.message_id is not None]
    span = _span(trace)
    seen = [
        note
        for visit in _visits(note for note in trace.notes if note.message_id is None)
        if visit.concerns(span, here)
        for note in visit.notes()
    ]
    told = [*_accepted(trace), *own, *seen, *_ended(trace)]
    return sorted(told, key=lambda note: note.at)  # what happened at once stays in this order


@dataclass(frozen=True, slots=True)
class _Span:
    """Where the attempts lie in the log (`last`: if they have ended), and the message after them."""

    first: int
    last: int | None
    after: int | None

    def reaches(self, seq: int) -> bool:
        """Whether there are, or will be, events of the attempts after this position."""
        return self.last is None or seq < self.last

    def holds(self, end: int) -> bool:
        """Whether the log ended there once the attempts had begun, and before the next message came."""
        return self.first <= end and (self.after is None or end < self.after)


def _span(trace: Trace) -> _Span:
    last = trace.attempts[-1].ended_seq
    after = None if trace.following is None else trace.following.created_seq
    return _Span(trace.attempts[0].created_seq, last, after)


@dataclass
class _Visit:
    """A follower's stay. Either note may be missing: too old to be kept, not yet made, or lost."""

    came: Note | None = None
    left: Note | None = None

    def notes(self) -> list[Note]:
        return [note for note in (self.came, self.left) if note is not None]

    def concerns(self, span: _Span, here: Callable[[str], bool]) -> bool:
        """Whether the follower read some of the attempts, or came when they were the newest."""
        if self.came is None:
            return self.left is not None and span.holds(_seq(self.left))
        end = _number(self.came.detail["end"])
        return span.holds(end) or (span.reaches(_seq(self.came)) and self._was_there(span, end, here))

    def _was_there(self, span: _Span, end: int, here: Callable[[str], bool]) -> bool:
        if self.left is not None:
            return _seq(self.left) >= span.first
        return end >= span.first or (self.came is not None and here(_connection(self.came)))


def _visits(notes: Iterable[Note]) -> list[_Visit]:
    found: list[_Visit] = []
    under_way: dict[str, _Visit] = {}
    for note in notes:
        if note.what is not What.FOLLOWER_LEFT:
            found.append(_Visit(came=note))
            under_way[_connection(note)] = found[-1]
        elif (visit := under_way.pop(_connection(note), None)) is not None:
            visit.left = note
        else:
            found.append(_Visit(left=note))
    return found


def _accepted(trace: Trace) -> list[Note]:
    return [_acceptance(attempt) for attempt in trace.attempts]


def _acceptance(attempt: Attempt) -> Note:
    detail: dict[str, JSON] = {"seq": attempt.created_seq}
    if attempt.retry_of is not None:
        detail["retry_of"] = attempt.retry_of
    return Note(attempt.created_at, What.ACCEPTED, attempt.message_id, detail)


def _ended(trace: Trace) -> list[Note]:
    ends = [note for attempt in trace.attempts for note in _end(attempt)]
    newest, following = trace.attempts[-1], trace.following
    if following is not None and following.retry_of == newest.message_id:
        detail: dict[str, JSON] = {"retried_as": following.message_id}
        ends.append(Note(following.created_at, What.RETRIED, newest.message_id, detail))
    return ends


def _end(attempt: Attempt) -> list[Note]:
    if attempt.completed_at is None:
        return []
    detail: dict[str, JSON] = {
        "status": attempt.status.value,
        "generation_time_ms": attempt.generation_time_ms,
        "seq": attempt.ended_seq,
    }
    if attempt.code is not None:
        detail["code"] = attempt.code.value
    if attempt.error_id is not None:
        detail["error_id"] = attempt.error_id
    return [Note(attempt.completed_at, What.ENDED, attempt.message_id, detail)]


def _connection(note: Note) -> str:
    return str(note.detail["connection"])


def _seq(note: Note) -> int:
    position = note.detail["position"]
    assert isinstance(position, dict)  # noqa: S101 - for mypy: see `visits`
    return _number(position["seq"])


def _number(value: JSON) -> int:
    assert isinstance(value, int)  # noqa: S101 - for mypy: as above
    return value
