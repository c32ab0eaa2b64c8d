"""Everything a client keeps: its sessions, its outbox, and a verifier that listens to all of it."""

from typing import Literal

from loadtests.protocol import conversation
from loadtests.protocol.backoff import Pace
from loadtests.protocol.conversation import Asked, Conversation
from loadtests.protocol.conversation.asking import ask_id
from loadtests.protocol.effects import Effect, LoadMessage, LoadNewest, Subscribe
from loadtests.protocol.frames import Frame, is_event
from loadtests.protocol.outbox import Entry, Outbox

# What carries the frames of followed sessions: the socket, streams over HTTP, or nothing.
Carrier = Literal["socket", "http", "none"]
AGAIN_S = 1.0


class Core:
    """Frames, pages and reads in; effects out.

    Of the sessions nobody looks at (`hold`, `release`), the `spare` newest stay followed.
    """

    def __init__(self, pace: Pace, spare: int = 4) -> None:
        self.conversations: dict[str, Conversation] = {}
        self.outbox = Outbox(pace)
        self.carrier: Carrier = "none"
        self._spare = spare
        self._held: dict[str, int] = {}

    def carried(self, carrier: Carrier) -> list[Effect]:
        """Frames come another way from now on."""
        self.carrier = carrier
        self.outbox.closed()
        effects: list[Effect] = []
        for state in self.conversations.values():
            effects += conversation.disconnected(state)
            if carrier != "none":
                effects += conversation.connected(state)
        return effects if carrier == "none" else effects + self.outbox.opened()

    def stream(self, session_id: str, *, up: bool) -> list[Effect]:
        """Say that the stream of one session over HTTP ended, or that it is time to ask for it again."""
        state = self.conversations.get(session_id)
        if state is None:
            return []
        return conversation.connected(state) if up else conversation.disconnected(state)

    def open(self, session_id: str) -> list[Effect]:
        """Follow a session from now on."""
        state = self._touch(session_id)
        state.connected = self.carrier != "none"
        return conversation.opened(state)

    def put(self, entry: Entry) -> list[Effect]:
        return self.outbox.put(entry)

    def hear(self, frame: Frame) -> list[Effect]:
        """Take a well-formed frame, whichever way it came."""
        kind = frame["type"]
        if kind == "ack":
            return self.accepted(frame, followed=True)
        if kind == "subscribed" or is_event(frame):
            state = self.conversations.get(frame["session_id"])
            return [] if state is None else conversation.heard(state, frame)
        return self._failed(frame) if kind == "error" else []

    def accepted(self, ack: Frame, *, followed: bool) -> list[Effect]:
        """Take an `ack`; one by REST is not followed by a `subscribed`."""
        entry = self.outbox.acked(ack)
        if entry is None:
            return []
        known = ack["session_id"] in self.conversations
        state = self._touch(ack["session_id"])
        if not known:
            state.connected = self.carrier != "none"
        return conversation.acked(state, ack, Asked(entry.content, entry.retry_of), followed=followed)

    def _failed(self, frame: Frame) -> list[Effect]:
        wait = frame.get("retry_after_ms")
        if frame.get("request") == "subscribe":
            state = self.conversations.get(frame.get("session_id") or "")
            if state is None:
                return []
            after = None if not frame["retryable"] else AGAIN_S if wait is None else wait / 1000
            return conversation.subscribe_failed(state, frame, after)
        if frame.get("request") in {"send", "retry"} and frame.get("client_message_id"):
            return self.outbox.refused(frame["client_message_id"], frame)
        return []

    def wanted(self, effect: Effect) -> bool:
        """Whether an effect that had to wait is still to be carried out."""
        if isinstance(effect, Subscribe):
            state = self.conversations.get(effect.session_id)
            return state is not None and state.following == "asked" and ask_id(state) == effect.ask_id
        if isinstance(effect, LoadNewest):
            state = self.conversations.get(effect.session_id)
            return state is not None and state.ticket == effect.ticket
        if isinstance(effect, LoadMessage):
            state = self.conversations.get(effect.session_id)
            return state is not None and state.era == effect.era
        return True

    def newest_page(self, session_id: str, page: Frame, ticket: int) -> list[Effect]:
        state = self.conversations.get(session_id)
        return [] if state is None else conversation.newest_page(state, page, ticket)

    def older_page(self, session_id: str, page: Frame, before: str, era: int) -> list[Effect]:
        state = self.conversations.get(session_id)
        return [] if state is None else conversation.older_page(state, page, before, era)

    def message_read(self, session_id: str, message: Frame, era: int) -> list[Effect]:
        state = self.conversations.get(session_id)
        return [] if state is None else conversation.message_read(state, message, era)

    def hold(self, session_id: str) -> None:
        """Somebody looks at this session: it stays until as many have released it."""
        self._held[session_id] = self._held.get(session_id, 0) + 1

    def release(self, session_id: str) -> None:
        left = self._held.pop(session_id, 1) - 1
        if left > 0:
            self._held[session_id] = left

    def surplus(self) -> list[str]:
        """Return the sessions to let go of: the oldest quiet ones that nobody looks at."""
        quiet = [id_ for id_, state in self.conversations.items() if id_ not in self._held and not state.busy]
        return quiet[: max(0, len(quiet) - self._spare)]

    def forget(self, session_id: str) -> None:
        self.conversations.pop(session_id, None)

    def _touch(self, session_id: str) -> Conversation:
        state = self.conversations.pop(session_id, None) or Conversation(session_id)
        self.conversations[session_id] = state
        return state
