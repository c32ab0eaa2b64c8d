"""What is known for certain of one session in one epoch of its log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from loadtests.protocol.frames import MESSAGE as MESSAGE_SHAPE
from loadtests.protocol.frames import Frame, ends, misfit
from loadtests.protocol.verify.record import Record
from loadtests.protocol.verify.violations import Kind, Violations

# The text that a chain says to a question, if that is known.
Expected: TypeAlias = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Mark:
    """What was known when a request left: its answer may not know less."""

    session_id: str
    epoch: str | None
    time: int
    end: int
    running: dict[str, int] = field(default_factory=dict)


class SessionRecord:
    def __init__(self, session_id: str, violations: Violations, expected: Expected) -> None:
        self.session_id = session_id
        self._violations = violations
        self._expected = expected
        self.time = 0
        self.epoch: str | None = None
        self._past: set[str] = set()
        self._clear()

    def _clear(self) -> None:
        self.end = 0
        self.records: dict[str, Record] = {}
        self._acks: dict[str, Frame] = {}
        self._indexes: dict[int, str] = {}
        self._newest: tuple[int, int] = (0, 0)  # position and index of the last `message` event

    def report(self, kind: Kind, detail: str, message_id: str = "") -> None:
        self._violations.add(kind, detail, self.session_id, message_id)

    def meet(self, epoch: str) -> bool:
        """Say whether what comes with this epoch counts; a new epoch starts everything over."""
        if epoch in self._past:
            return False
        if self.epoch is not None and epoch != self.epoch:
            self._past.add(self.epoch)
            self._clear()
        self.epoch = epoch
        return True

    def event(self, frame: Frame) -> None:
        self.time += 1
        self.end = max(self.end, frame["seq"])
        if frame["type"] == "message":
            self._came(frame)
            return
        record = self.record(frame["message_id"])
        if ends(frame):
            record.finished(frame, self.time)
        else:
            record.piece(frame)
            self._compare_piece(record, frame)
            return
        self._compare_script(record)

    def _came(self, frame: Frame) -> None:
        message, seq = frame["message"], frame["seq"]
        record = self.record(message["id"])
        if record.end is not None and seq > record.end["seq"]:
            self.report(Kind.AFTER_END, f"message at {seq}", record.id)
        if seq > self._newest[0]:
            if message["index"] <= self._newest[1]:
                self.report(Kind.INDEX, f"{message['index']} came after {self._newest[1]}", record.id)
            self._newest = (seq, message["index"])
        if record.log_seq is None:
            record.log_seq, record.log_at = seq, len(message["content"])
        self._represented(message, stale=True)

    def read(self, message: Frame, mark: Mark, position: int | None) -> None:
        """Take a message that a request brought which left at `mark`, as of this position if known."""
        wrong = misfit(message, MESSAGE_SHAPE)
        if wrong is not None:
            self.report(Kind.SHAPE, f"a message: {wrong}")
            return
        self.time += 1
        record = self.record(message["id"])
        ended_before = record.ended_since is not None and record.ended_since <= mark.time
        fresh = mark.epoch == self.epoch and ended_before
        if (
            not fresh
            and mark.epoch == self.epoch
            and len(message["content"]) < mark.running.get(record.id, 0)
        ):
            self.report(Kind.TEXT, "a page shows less than was seen before it was asked for", record.id)
        self._represented(message, stale=not fresh)
        if record.ended and record.end is None and position is not None and record.end_by is None:
            record.end_by = position
        self._compare_script(record)

    def _represented(self, message: Frame, *, stale: bool) -> None:
        record = self.record(message["id"])
        if message["session_id"] != self.session_id:
            self.report(Kind.REPRESENTATION, f"belongs to session {message['session_id']}", record.id)
        if self._indexes.setdefault(message["index"], record.id) != record.id:
            self.report(
                Kind.INDEX, f"{message['index']} is also {self._indexes[message['index']]}", record.id
            )
        record.represented(message, self.time, stale=stale)
        self._compare_ack(record)

    def acked(self, ack: Frame, question: str | None) -> None:
        self.time += 1
        promised = ack | {"question": question}
        for id_ in (ack["user_message_id"], ack["pending_message_id"]):
            self._acks[id_] = promised
            if id_ in self.records:
                self._compare_ack(self.records[id_])

    def _compare_ack(self, record: Record) -> None:
        ack, message = self._acks.get(record.id), record.message
        if ack is None or message is None:
            return
        if record.id == ack["user_message_id"]:
            wanted = {"role": "user", "index": ack["index"]}
            if ack["question"] is not None:
                wanted |= {"content": ack["question"], "client_message_id": ack["client_message_id"]}
        else:
            wanted = {"role": "assistant", "reply_to": ack["user_message_id"]}
            if ack["question"] is None and not ack["duplicate"]:  # a second retry gets the first one's answer
                wanted |= {"client_message_id": ack["client_message_id"]}
        for name, value in wanted.items():
            if message[name] != value:
                self.report(Kind.ACK, f"{name} is {message[name]!r}, the ack said {value!r}", record.id)

    def _compare_piece(self, record: Record, frame: Frame) -> None:
        said, at, content = self._said(record), frame["at"], frame["content"]
        if said is not None and said[at : at + len(content)] != content:
            self.report(Kind.SCRIPT, f"the piece at {at} says {content[:40]!r}", record.id)

    def _compare_script(self, record: Record) -> None:
        said = self._said(record)
        if said is None or record.text is None:
            return
        text = str(record.text)
        if not said.startswith(text) or (record.status == "complete" and len(text) != len(said)):
            at = next((i for i, (a, b) in enumerate(zip(text, said, strict=False)) if a != b), len(text))
            self.report(Kind.SCRIPT, f"differs at {at} of {len(said)}: {text[at : at + 40]!r}", record.id)

    def _said(self, record: Record) -> str | None:
        message = record.message
        if record.said is None and message is not None and message["role"] == "assistant":
            asked = self.records.get(message["reply_to"] or "")
            if asked is not None and asked.message is not None:
                record.said = self._expected(asked.message["content"])
        return record.said

    def mark(self) -> Mark:
        running = {
            id_: len(record.text)
            for id_, record in self.records.items()
            if not record.ended and record.text is not None
        }
        return Mark(self.session_id, self.epoch, self.time, self.end, running)

    def record(self, message_id: str) -> Record:
        found = self.records.get(message_id)
        if found is None:
            found = Record(message_id, lambda kind, detail: self.report(kind, detail, message_id))
            self.records[message_id] = found
        return found

    def replaced(self, message: Frame) -> bool:
        """Whether a newer attempt at the same question is known."""
        question = message["reply_to"]
        return question is not None and any(
            other["index"] > message["index"]
            for record in self.records.values()
            if (other := record.message) is not None and other["reply_to"] == question
        )
