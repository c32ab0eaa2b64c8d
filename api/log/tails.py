"""The newest events of the sessions that are followed or answered, as the last commits left them."""

from collections import deque
from collections.abc import Sequence

from api.core.events import Created, Ended, Event, Piece

TAIL_EVENTS = 512
TAIL_CHARS = 256 * 1024


class Tail:
    """A run of events without a gap that ends at the log's end."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._chars = 0

    def add(self, event: Event) -> None:
        if self._events and event.seq <= self._events[-1].seq:
            return  # an earlier try of its commit had been made after all
        if self._events and event.seq != self._events[-1].seq + 1:
            self._events.clear()
            self._chars = 0
        self._events.append(event)
        self._chars += _chars(event)
        while len(self._events) > TAIL_EVENTS or (self._chars > TAIL_CHARS and len(self._events) > 1):
            self._chars -= _chars(self._events.popleft())

    @property
    def end(self) -> int:
        """The number of the last one; 0 if there is none."""
        return self._events[-1].seq if self._events else 0

    def after(self, seq: int) -> Sequence[Event] | None:
        """The events after `seq`, or None if the tail does not reach back that far."""
        if not self._events or seq < self._events[0].seq - 1:
            return None
        return [self._events[i] for i in range(seq - self._events[0].seq + 1, len(self._events))]


def _chars(event: Event) -> int:
    return len(event.content) if isinstance(event, Piece) else 0


class Tails:
    """One tail a session that is followed or being answered. Whoever is further back reads the database.

    So whoever comes back in the middle of an answer finds what came meanwhile, also if nobody followed it.
    """

    def __init__(self) -> None:
        self._tails: dict[str, Tail] = {}
        self._watchers: dict[str, int] = {}
        self._running: set[str] = set()

    def __contains__(self, session_id: str) -> bool:
        """Whether somebody follows it."""
        return session_id in self._watchers

    def hold(self, session_id: str) -> None:
        self._watchers[session_id] = self._watchers.get(session_id, 0) + 1

    def release(self, session_id: str) -> bool:
        """Whether anybody follows it still."""
        self._watchers[session_id] -= 1
        if self._watchers[session_id]:
            return True
        del self._watchers[session_id]
        self._leave(session_id)
        return False

    def add(self, event: Event) -> None:
        session_id = event.session_id
        if isinstance(event, Created) and not event.message.status.terminal:
            self._running.add(session_id)
        if session_id in self._watchers or session_id in self._running:
            self._tails.setdefault(session_id, Tail()).add(event)
        if isinstance(event, Ended):
            self._running.discard(session_id)
            self._leave(session_id)

    def hear(self, events: Sequence[Event]) -> bool:
        """What another server has committed to a session, if it is followed here.

        False if something before it is missing; then nothing is changed.
        """
        tail = self._tails.get(events[0].session_id)
        if tail is not None and events[0].seq > tail.end + 1:
            return False
        for event in events:
            session_id = event.session_id
            if session_id in self._watchers or session_id in self._running:
                self._tails.setdefault(session_id, Tail()).add(event)
            if isinstance(event, Ended):
                self._running.discard(session_id)
                self._leave(session_id)
        return True

    def rest(self, session_id: str) -> None:
        """No answer is being written there any more, however it has ended."""
        self._running.discard(session_id)
        self._leave(session_id)

    def ends(self) -> dict[str, int]:
        """Where the log of each session that is followed ends, as far as it is in memory; else 0."""
        return {session_id: self._end(session_id) for session_id in self._watchers}

    def _end(self, session_id: str) -> int:
        tail = self._tails.get(session_id)
        return 0 if tail is None else tail.end

    def _leave(self, session_id: str) -> None:
        """Nothing is kept for nobody."""
        if session_id not in self._watchers and session_id not in self._running:
            self._tails.pop(session_id, None)

    def clear(self) -> None:
        """All of it is of another life of the log."""
        self._running.clear()
        self._tails.clear()

    def drop(self, session_id: str) -> None:
        """The session is gone: whoever follows it reads the rest from the database."""
        self._running.discard(session_id)
        self._tails.pop(session_id, None)

    def after(self, session_id: str, seq: int) -> Sequence[Event] | None:
        tail = self._tails.get(session_id)
        return None if tail is None else tail.after(seq)
