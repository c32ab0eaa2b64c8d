"""One connection, or one stream of server-sent events: what must hold from frame to frame."""

from collections.abc import Callable
from dataclasses import dataclass, field

from loadtests.protocol.frames import Frame, ends, first_seq, is_event, misfit
from loadtests.protocol.verify.record import Record
from loadtests.protocol.verify.session import SessionRecord
from loadtests.protocol.verify.violations import Kind, Violations

TOKEN_BYTES = 16 * 1024


@dataclass(slots=True)
class _Following:
    """Where the frames of one session stand on this connection, since its last `subscribed`."""

    epoch: str
    seq: int
    at: dict[str, int] = field(default_factory=dict)
    first_message: str | None = None  # the message whose event must come first
    running: str | None = None


@dataclass(frozen=True, slots=True)
class _Ask:
    session_id: str
    position: tuple[str, int] | None
    epoch: str | None
    end: int


class Wire:
    """`trims`: events may go from the log while this client is away, and its position with them."""

    def __init__(
        self,
        violations: Violations,
        session: Callable[[str], SessionRecord],
        acked: Callable[[Frame], None],
        *,
        trims: bool = False,
    ) -> None:
        self._violations = violations
        self._session = session
        self._acked = acked
        self._trims = trims
        self._following: dict[str, _Following | None] = {}  # None: unsubscribed, the rest may still come
        self._asks: dict[str, _Ask] = {}
        self._promised: dict[str, str] = {}  # session -> answer, whose `subscribed` follows an ack

    def asked(self, session_id: str, ask_id: str, position: tuple[str, int] | None) -> None:
        """Note that a subscribe goes out."""
        record = self._session(session_id)
        self._asks[ask_id] = _Ask(session_id, position, record.epoch, record.end)

    def epoch_of(self, session_id: str) -> str | None:
        """Return the epoch in which this connection follows a session."""
        following = self._following.get(session_id)
        return None if following is None else following.epoch

    def dropped(self, session_id: str) -> None:
        """Note that an unsubscribe goes out."""
        self._following[session_id] = None

    def heard(self, frame: object) -> Frame | None:
        """Judge a frame; return it if its shape is one that can be used."""
        wrong = misfit(frame)
        if wrong is not None or not isinstance(frame, dict):
            self._violations.add(Kind.SHAPE, f"{wrong}: {str(frame)[:100]}")
            return None
        if frame["type"] == "ack":
            self._promise(frame)
            self._acked(frame)
        elif frame["type"] == "subscribed":
            self._subscribed(frame)
        elif is_event(frame):
            self._event(frame)
        return frame

    def _promise(self, ack: Frame) -> None:
        """Rule 1: who did not follow hears all of the answer, from just before its `message` event."""
        session_id = ack["session_id"]
        waits = any(ask.session_id == session_id for ask in self._asks.values())
        if session_id not in self._following and not waits and not ack["duplicate"]:
            self._promised[session_id] = ack["pending_message_id"]

    def _subscribed(self, frame: Frame) -> None:
        session_id, epoch, seq, end = frame["session_id"], frame["epoch"], frame["seq"], frame["end"]
        session = self._session(session_id)
        ask = self._asks.pop(frame.get("id") or "", None)
        before = self._following.get(session_id)
        promised = self._promised.pop(session_id, None)
        if not 0 <= seq <= end:
            self._report(Kind.POSITION, frame, f"position {seq} of a log of {end}")
        if frame["recovered"] and (ask is None or ask.position != (epoch, seq)):
            asked = None if ask is None else ask.position
            self._report(Kind.POSITION, frame, f"recovered at {epoch}:{seq}, asked for {asked}")
        if not frame["recovered"] and ask is not None and self._stands(ask, epoch, end):
            self._report(Kind.RELOAD, frame, f"begins at {seq} of {end}, asked for {ask.position}")
        known = ask.end if ask is not None and ask.epoch == epoch else 0
        if ask is None and before is not None and before.epoch == epoch:
            known = before.seq
        if end < known:
            self._report(Kind.LOG_END, frame, f"ends at {end}, {known} was seen before")
        session.meet(epoch)
        self._following[session_id] = _Following(epoch, seq, first_message=promised if ask is None else None)

    def _stands(self, ask: _Ask, epoch: str, end: int) -> bool:
        """Whether the position that was asked for must still be there."""
        if ask.position is None or self._trims:
            return False
        return ask.position[0] == epoch and ask.position[1] <= end

    def _event(self, frame: Frame) -> None:
        session_id = frame["session_id"]
        if frame["type"] == "token" and len(frame["content"].encode("utf-8", "surrogatepass")) > TOKEN_BYTES:
            self._report(Kind.SHAPE, frame, f"a token over {TOKEN_BYTES} bytes")
        if session_id not in self._following:
            self._report(Kind.BEFORE_SUBSCRIBED, frame, f"{frame['type']} at {frame['seq']}")
            return
        following = self._following[session_id]
        if following is None:
            return
        self._check_seq(following, frame)
        following.seq = frame["seq"]
        session = self._session(session_id)
        if following.first_message is not None:
            if frame["type"] != "message" or frame["message"]["id"] != following.first_message:
                self._report(
                    Kind.POSITION, frame, f"the answer's own message did not come first, at {frame['seq']}"
                )
            following.first_message = None
        self._check_running(following, frame)
        counts = session.epoch == following.epoch
        if frame["type"] == "message":
            following.at[frame["message"]["id"]] = len(frame["message"]["content"])
        elif frame["type"] == "token":
            self._check_at(following, frame, session.record(frame["message_id"]) if counts else None)
        if counts:
            session.event(frame)

    def _check_seq(self, following: _Following, frame: Frame) -> None:
        first, last = first_seq(frame), frame["seq"]
        if first > following.seq + 1:
            self._report(Kind.SEQ_GAP, frame, f"{first} follows {following.seq}")
        elif first <= following.seq:
            self._report(Kind.SEQ_REPEAT, frame, f"{first} follows {following.seq}")
        if last < first:
            self._report(Kind.SHAPE, frame, f"from {first} to {last}")

    def _check_running(self, following: _Following, frame: Frame) -> None:
        """One answer of a session ends before the next begins."""
        if ends(frame):
            following.running = None
        elif frame["type"] == "token":
            following.running = frame["message_id"]
        elif frame["message"]["role"] == "assistant":
            if following.running not in {None, frame["message"]["id"]}:
                self._report(Kind.TWO_ANSWERS, frame, f"{following.running} was still running")
            following.running = frame["message"]["id"]

    def _check_at(self, following: _Following, frame: Frame, record: Record | None) -> None:
        """A piece begins where the one before it ended, on this connection or on the one before."""
        expected = following.at.get(frame["message_id"])
        if expected is None and record is not None and record.log_seq == frame["from"] - 1:
            expected = record.log_at
        if expected is not None and frame["at"] != expected:
            kind = Kind.AT_HOLE if frame["at"] > expected else Kind.AT_OVERLAP
            self._report(kind, frame, f"at {frame['at']} where {expected} was due")
        following.at[frame["message_id"]] = frame["at"] + len(frame["content"])

    def _report(self, kind: Kind, frame: Frame, detail: str) -> None:
        message_id = frame["message"]["id"] if frame["type"] == "message" else frame.get("message_id", "")
        self._violations.add(kind, detail, frame["session_id"], message_id)
