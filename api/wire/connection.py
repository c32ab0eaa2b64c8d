"""One WebSocket without its socket: frames in, requests out; replies and hints in, frames out."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from api.core.errors import ChatError, Code
from api.core.events import Event
from api.core.records import JSON
from api.service.ports import Hint
from api.wire.incoming import AnyClientFrame, MalformedError, Mistakes, parse
from api.wire.outgoing import encode, error_json, frames_of, hint_json

WRITE_TEXT = "steadychat.write_text"
"""An ASGI extension of our server's: `write` takes texts, and tells whether it has written them at once.

Whoever wraps `send` to see what goes out takes it from the scope; then all of it goes through `send`.
"""
Written: TypeAlias = Callable[..., bool]  # of texts
MOST_HINTS = 100
MOST_REPLIES = 64
MOST_AT_ONCE = 32
"""Who has more events before him takes them frame by frame, and others get their turn."""


def by_turns(*_texts: str) -> bool:
    """Nothing is written at once."""
    return False


def written_at_once(scope: Mapping[str, Any]) -> Written:  # Any: ASGI's
    """The server's extension, where it has it."""
    found: Written = scope.get("extensions", {}).get(WRITE_TEXT, {}).get("write", by_turns)
    return found


@dataclass(frozen=True, slots=True)
class Close:
    code: int
    reason: str = ""


PROTOCOL_ERROR = Close(4500, "too many malformed frames in a row")
BINARY = Close(1003, "frames are text")


class Connection:
    """What waits to be sent on one connection, and whether it is to be closed after that.

    Replies are bounded by whoever reads (`full`); hints beyond `MOST_HINTS` push out the oldest.
    """

    def __init__(self, written: Written = by_turns) -> None:
        """`written` writes frames if it can do so at once, and tells whether it has."""
        self.written = written
        self._replies: list[str] = []
        self._hints: deque[str] = deque(maxlen=MOST_HINTS)
        self._mistakes = Mistakes()
        self.closing: Close | None = None

    @property
    def full(self) -> bool:
        return len(self._replies) >= MOST_REPLIES

    @property
    def waits(self) -> bool:
        """Whether there is anything to `take`."""
        return bool(self._replies or self._hints)

    def receive(self, text: str) -> AnyClientFrame | None:
        """The request in a frame, or None if there is none: then its error waits to be sent."""
        try:
            frame = parse(text)
        except MalformedError as malformed:
            self.refuse(malformed.error, malformed.request, malformed.ids)
            if self._mistakes.made():
                self.close(PROTOCOL_ERROR)
            return None
        self._mistakes.forgiven()
        return frame

    def reply(self, frame: dict[str, JSON], request_id: str | None = None) -> None:
        if request_id is not None:
            frame = {"id": request_id, **frame}
        self._replies.append(encode(frame))

    def refuse(self, error: ChatError, request: str | None, ids: dict[str, str]) -> None:
        """Answers one request with an error that carries the ids the request had."""
        self._replies.append(encode(error_json(error, request, **ids)))

    def hint(self, hint: Hint) -> None:
        self._hints.append(encode(hint_json(hint)))

    def pass_on(self, events: Sequence[Event]) -> int:
        """Writes what a commit has brought, unless something comes before it, or it cannot be written now.

        Tells of how many events that is.
        """
        if self.waits or self.closing is not None or len(events) > MOST_AT_ONCE:
            return 0
        return len(events) if self.written(*[frame.text for frame in frames_of(events)]) else 0

    def take(self) -> list[str]:
        """What is to be sent now, in order."""
        frames = [*self._replies, *self._hints]
        self._replies.clear()
        self._hints.clear()
        return frames

    def close(self, close: Close) -> None:
        """The first reason to close stays."""
        self.closing = self.closing or close


def close_for(error: ChatError) -> Close:
    """How a connection ends that an error makes impossible."""
    return Close(error.rule.close or 1011, error.code)


UNAUTHORIZED = close_for(ChatError(Code.UNAUTHORIZED))
EXPIRED = close_for(ChatError(Code.TOKEN_EXPIRED))
UNSUPPORTED = close_for(ChatError(Code.UNSUPPORTED_VERSION))
CROWDED = close_for(ChatError(Code.TOO_MANY_CONNECTIONS))
SLOW = Close(4001, "too slow")
RESTART = Close(1012, "the server restarts")
