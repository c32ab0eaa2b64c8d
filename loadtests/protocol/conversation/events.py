"""Rules 4, 5 and 9 for one event of the log."""

from loadtests.protocol.conversation.asking import gap
from loadtests.protocol.conversation.rows import merge
from loadtests.protocol.conversation.state import Conversation
from loadtests.protocol.effects import Effect, LoadMessage
from loadtests.protocol.frames import Frame, first_seq

_DONE = ("status", "sources", "confidence", "generation_time_ms")
_ERROR = ("code", "message", "retryable")


def apply_event(state: Conversation, frame: Frame) -> list[Effect]:
    if state.following != "yes" or state.cursor is None:
        return []
    if first_seq(frame) > state.cursor + 1:
        return gap(state)
    if frame["type"] == "token":
        return _token(state, frame)
    effects = _message(state, frame) if frame["type"] == "message" else _end(state, frame)
    _move(state, frame["seq"])
    return effects


def _message(state: Conversation, frame: Frame) -> list[Effect]:
    oldest = state.oldest_index
    # A replay may reach back before the run that is shown. What stands there has ended since, or nothing
    # newer could have been accepted, and it comes with its page.
    if oldest is None or frame["message"]["index"] >= oldest:
        merge(state, [frame["message"]], "event")
    return []


def _token(state: Conversation, frame: Frame) -> list[Effect]:
    row = state.rows.get(frame["message_id"])
    if row is not None and not row.ended:
        if frame["at"] > len(row.text):
            return gap(state)
        row.text.append(frame["content"][len(row.text) - frame["at"] :])
        row.message["status"] = "streaming"
    _move(state, frame["seq"])
    return []


def _end(state: Conversation, frame: Frame) -> list[Effect]:
    row = state.rows.get(frame["message_id"])
    if row is None or row.ended:
        return []
    if frame["type"] == "done":
        row.message |= {field: frame[field] for field in _DONE}
    else:
        error = {field: frame[field] for field in _ERROR}
        taken = frame.get("generation_time_ms")
        row.message |= {"status": frame["status"], "error": error, "generation_time_ms": taken}
    if len(row.text) == frame["length"] and row.text.crc32 == frame["crc32"]:
        return []
    return [LoadMessage(state.session_id, frame["message_id"], state.era, mismatch=True)]


def _move(state: Conversation, seq: int) -> None:
    if state.cursor is None or seq > state.cursor:
        state.cursor = seq
        state.gap_at = None
