"""What a server did that the protocol forbids."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

MOST_KEPT = 200


class Kind(StrEnum):
    SHAPE = "a frame or object does not have its shape"
    BEFORE_SUBSCRIBED = "an event before its subscribed"
    SEQ_GAP = "positions leave something out"
    SEQ_REPEAT = "positions come again"
    AT_HOLE = "a piece leaves a hole in the text"
    AT_OVERLAP = "a piece repeats what this connection has already carried"
    TEXT = "a text disagrees with what was held"
    AFTER_END = "an event after the terminal event"
    SECOND_END = "a second terminal event"
    IDS = "differing ids for one client_message_id"
    ACK = "an ack contradicts the message"
    LENGTH = "the length does not fit the text"
    CRC32 = "the checksum does not fit the text"
    MOVE = "a status moved as the lifecycle forbids"
    REPRESENTATION = "two representations of one message differ"
    POSITION = "a subscribed does not stand where it was asked to"
    RELOAD = "a page had to be loaded although the position was there"
    LOG_END = "the log's end contradicts a position already seen"
    TWO_ANSWERS = "two answers of a session at once"
    INDEX = "messages are not in the order of their index"
    MISSING = "a page lacks a message that was there"
    EVENT_ID = "the id of a server-sent event is not its position"
    SCRIPT = "the text is not what the chain said"


@dataclass(frozen=True, slots=True)
class Violation:
    kind: Kind
    detail: str
    session_id: str = ""
    message_id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail} (session {self.session_id}, message {self.message_id})"


class ProtocolBroken(AssertionError):
    """The server broke the protocol; the message lists how."""


class Violations:
    """All are counted, the first of them kept."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()
        self.first: list[Violation] = []

    def add(self, kind: Kind, detail: str, session_id: str = "", message_id: str = "") -> None:
        self.counts[kind] += 1
        if len(self.first) < MOST_KEPT:
            self.first.append(Violation(kind, detail, session_id, message_id))

    def __len__(self) -> int:
        return self.counts.total()

    def check(self) -> None:
        """Raise `ProtocolBroken` if there were any."""
        if self.counts:
            raise ProtocolBroken(f"{len(self)} violations\n" + "\n".join(map(str, self.first)))
