"""Messages on their way: each is repeated under its own id until the server has spoken of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from loadtests.protocol.backoff import Pace
from loadtests.protocol.effects import Effect, Transmit
from loadtests.protocol.frames import Frame

State = Literal["queued", "sending", "unconfirmed", "sent", "refused"]
Step = Literal["started", "acked", "unanswered", "delayed", "refused"]

# Late news of a finished step changes nothing.
MOVES: Mapping[State, Mapping[Step, State]] = {
    "queued": {"started": "sending", "acked": "sent", "delayed": "queued", "refused": "refused"},
    "sending": {
        "started": "sending",
        "acked": "sent",
        "unanswered": "unconfirmed",
        "delayed": "queued",
        "refused": "refused",
    },
    "unconfirmed": {
        "started": "sending",
        "acked": "sent",
        "unanswered": "unconfirmed",
        "delayed": "queued",
        "refused": "refused",
    },
    "sent": {"acked": "sent"},
    "refused": {"acked": "sent"},
}


@dataclass(slots=True)
class Entry:
    """A send, or a retry of the answer `retry_of`; `ack` or `error` is what became of it."""

    client_message_id: str
    content: str | None
    session_id: str | None = None
    chain: str | None = None
    retry_of: str | None = None
    state: State = "queued"
    tries: int = 0
    ack: Frame | None = None
    error: Frame | None = None

    def frame(self) -> Frame:
        """What is sent, by whichever door and however often."""
        named = {"client_message_id": self.client_message_id}
        if self.retry_of is not None:
            return {"type": "retry", "message_id": self.retry_of, **named}
        found: Frame = {"type": "send", "content": self.content, **named}
        if self.session_id is not None:
            found["session_id"] = self.session_id
        if self.chain is not None:
            found["chain"] = self.chain
        return found


class Outbox:
    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.entries: dict[str, Entry] = {}
        self._open = False

    def put(self, entry: Entry) -> list[Effect]:
        self.entries[entry.client_message_id] = entry
        return self._transmit(entry)

    def opened(self) -> list[Effect]:
        """There is a way to the server again: all that has no answer yet goes out."""
        self._open = True
        return [effect for entry in self.entries.values() for effect in self._transmit(entry)]

    def closed(self) -> None:
        """What was on the wire may or may not have arrived."""
        self._open = False
        for entry in self.entries.values():
            self._step(entry, "unanswered")

    def started(self, client_message_id: str, tries: int) -> Entry | None:
        """Return the entry to send for a `Transmit`, or None if that is no longer wanted."""
        entry = self.entries.get(client_message_id)
        if entry is None or entry.tries != tries or entry.state not in {"queued", "unconfirmed"}:
            return None
        if not self._open:
            return None
        self._step(entry, "started")
        entry.tries += 1
        return entry

    def acked(self, ack: Frame) -> Entry | None:
        entry = self.entries.get(ack["client_message_id"])
        if entry is not None:
            self._step(entry, "acked")
            entry.ack = ack
            entry.error = None
        return entry

    def unanswered(self, client_message_id: str, tries: int, delay_s: float | None = None) -> list[Effect]:
        """Try number `tries` brought no word: the next goes out after a while."""
        entry = self.entries.get(client_message_id)
        if entry is None or entry.state != "sending" or entry.tries != tries:
            return []
        self._step(entry, "unanswered")
        return self._transmit(entry, self._pace.rest_delay(tries - 1) if delay_s is None else delay_s)

    def refused(self, client_message_id: str, error: Frame) -> list[Effect]:
        """A rejected send does not use its id up: where it may help it is sent again."""
        entry = self.entries.get(client_message_id)
        if entry is None or entry.state not in {"queued", "sending", "unconfirmed"}:
            return []
        if not error["retryable"]:
            self._step(entry, "refused")
            entry.error = error
            return []
        self._step(entry, "delayed")
        asked = error.get("retry_after_ms")
        wait = self._pace.rest_delay(entry.tries - 1) if asked is None else asked / 1000
        return self._transmit(entry, wait)

    def _transmit(self, entry: Entry, delay_s: float = 0) -> list[Effect]:
        if not self._open or entry.state not in {"queued", "unconfirmed"}:
            return []
        return [Transmit(entry.client_message_id, entry.tries, delay_s)]

    @staticmethod
    def _step(entry: Entry, step: Step) -> None:
        entry.state = MOVES[entry.state].get(step, entry.state)
