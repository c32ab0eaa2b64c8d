"""Putting one answer together from the events of its session."""

from collections.abc import Sequence
from dataclasses import replace

from api.core.events import Created, Ended, Event, Piece
from api.core.records import Message
from api.service.follow import Follower, Start
from api.service.requests import Accepted


class Transcript:
    """Takes events in order, from the answer's first on, until it has ended."""

    def __init__(self, accepted: Accepted) -> None:
        self._answer_id = accepted.pending_message_id
        self._born: Message | None = None
        self._text: list[str] = []

    def take(self, events: Sequence[Event]) -> Message | None:
        """The answer, if its end is among `events`."""
        for event in events:
            if event.message_id != self._answer_id:
                continue
            if isinstance(event, Created):
                self._born = event.message
            elif isinstance(event, Piece):
                self._text.append(event.content)
            else:
                return self._whole(event)
        return None

    def _whole(self, end: Ended) -> Message:
        assert self._born is not None  # noqa: S101 - for mypy: its first event precedes its last
        return replace(
            self._born,
            content="".join(self._text),
            status=end.status,
            sources=end.sources,
            confidence=end.confidence,
            generation_time_ms=end.generation_time_ms,
            error=end.error,
            completed_at=end.completed_at,
        )


async def watched_to_the_end(follower: Follower, accepted: Accepted) -> Message | None:
    """Reads the session's log from just before the answer; None if it is no longer there."""
    before = accepted.before
    follower.follow(Start(accepted.session_id, before, before.seq + 1, recovered=False))
    transcript = Transcript(accepted)
    try:
        while (turn := await follower.turn()) and not (turn.lost or turn.gone):
            answer = transcript.take(turn.follow.waiting)
            turn.follow.took(len(turn.follow.waiting))
            if answer is not None:
                return answer
    finally:
        follower.close()
    return None
