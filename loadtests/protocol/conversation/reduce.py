"""Everything that can happen to a followed session, and what is to be done then."""

from collections.abc import Collection

from loadtests.protocol.conversation.acks import Asked, ack_rows
from loadtests.protocol.conversation.asking import ask, ask_id, new_epoch, want_page
from loadtests.protocol.conversation.events import apply_event
from loadtests.protocol.conversation.pages import newest_page, older_page
from loadtests.protocol.conversation.rows import merge, without
from loadtests.protocol.conversation.state import Conversation
from loadtests.protocol.effects import Effect, Gone, LoadMessage
from loadtests.protocol.frames import Frame, is_terminal

__all__ = [
    "acked",
    "connected",
    "disconnected",
    "heard",
    "message_read",
    "messages_missing",
    "newest_page",
    "older_page",
    "opened",
    "subscribe_failed",
]


def opened(state: Conversation) -> list[Effect]:
    if state.cursor is None:
        return [] if state.page_wanted else want_page(state)
    return ask(state) if state.connected and state.following == "no" else []


def connected(state: Conversation) -> list[Effect]:
    state.connected = True
    return opened(state)


def disconnected(state: Conversation) -> list[Effect]:
    state.connected = False
    state.following = "no"
    return []


def heard(state: Conversation, frame: Frame) -> list[Effect]:
    """A `subscribed` or an event of this session's log."""
    return _subscribed(state, frame) if frame["type"] == "subscribed" else apply_event(state, frame)


def _subscribed(state: Conversation, frame: Frame) -> list[Effect]:
    # While an ask of ours is out only its own answer counts; frames before it are of the past.
    if state.following == "asked" and frame.get("id") != ask_id(state):
        return []
    if state.epoch is not None and frame["epoch"] != state.epoch:
        return new_epoch(state, frame["epoch"])
    state.epoch = frame["epoch"]
    state.cursor = frame["seq"]
    state.following = "yes"
    if frame["recovered"]:
        return []
    # Of several losses the first counts: what came between them does not join what came before.
    state.lost_at = state.arrivals if state.lost_at is None else state.lost_at
    return want_page(state)


def subscribe_failed(state: Conversation, error: Frame, retry_after_s: float | None) -> list[Effect]:
    """The outstanding ask was answered by an error; without a time to wait that is the end of it."""
    if state.following != "asked" or error.get("id") != ask_id(state):
        return []
    if retry_after_s is not None:
        return ask(state, delay_s=retry_after_s)
    state.following = "no"
    return [Gone(state.session_id, error)]


def message_read(state: Conversation, message: Frame, era: int) -> list[Effect]:
    if era == state.era and message["id"] in state.rows:
        merge(state, [message], "read")
    return []


def messages_missing(state: Conversation, ids: Collection[str]) -> list[Effect]:
    without(state, lambda row: row.message["id"] in ids)
    return []


def acked(state: Conversation, ack: Frame, asked: Asked, *, followed: bool) -> list[Effect]:
    """Rule 1: rows by the server's ids; the answer counts as pending until an event or REST speaks of it.

    `followed` says whether a `subscribed` comes by itself.
    """
    if state.epoch is not None and ack["epoch"] != state.epoch:
        return new_epoch(state, ack["epoch"])
    state.epoch = ack["epoch"]
    merge(state, ack_rows(state, ack, asked), "ack")
    effects: list[Effect] = []
    answer = state.rows.get(ack["pending_message_id"])
    if is_terminal(ack) and (answer is None or not answer.ended):
        effects.append(LoadMessage(state.session_id, ack["pending_message_id"], state.era, mismatch=False))
    if followed or state.cursor is not None or state.page_wanted:
        return effects
    return effects + want_page(state)
