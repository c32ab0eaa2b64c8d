"""Putting one exchange together from the events of its session."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from api.core.events import Created, Ended, Event, Piece
from api.core.records import Message
from api.service.ports import Accepted


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A whole exchange: the accepted question and its ended answer."""

    accepted: Accepted
    question: Message
    answer: Message


class Transcript:
    """Takes events in order, from the question's on, until the answer has ended."""

    def __init__(self, accepted: Accepted) -> None:
        self._accepted = accepted
        self._born: dict[str, Message] = {}
        self._text: list[str] = []

    def take(self, events: Sequence[Event]) -> Exchanged | None:
        """The exchange, if its end is among `events`."""
        for event in events:
            if isinstance(event, Created):
                self._born[event.message_id] = event.message
            elif event.message_id != self._accepted.pending_message_id:
                continue
            elif isinstance(event, Piece):
                self._text.append(event.content)
            else:
                return self._whole(event)
        return None

    def _whole(self, end: Ended) -> Exchanged:
        born = self._born[self._accepted.pending_message_id]
        answer = replace(
            born,
            content="".join(self._text),
            status=end.status,
            sources=end.sources,
            confidence=end.confidence,
            generation_time_ms=end.generation_time_ms,
            error=end.error,
            completed_at=end.completed_at,
        )
        return Exchanged(self._accepted, self._born[self._accepted.user_message_id], answer)
