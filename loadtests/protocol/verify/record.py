"""What is known for certain of one message, and everything that would contradict it."""

from collections.abc import Callable
from typing import TypeAlias

from loadtests.protocol.frames import MOVES, TERMINAL, Frame
from loadtests.protocol.text import Text
from loadtests.protocol.verify.violations import Kind

Report: TypeAlias = Callable[[Kind, str], None]

_ENDING = ("status", "sources", "confidence", "generation_time_ms")
_FIXED = ("index", "role", "client_message_id", "reply_to", "retry_of", "created_at")


class Record:
    """Built from the log and from REST, whichever came first; `report` gets what does not fit.

    `log_seq` and `log_at` are the last position heard of this message and where its text stood there.
    """

    def __init__(self, message_id: str, report: Report) -> None:
        self.id = message_id
        self._report = report
        self.message: Frame | None = None
        self.text: Text | None = None  # unknown until it is heard from its start or read
        self.status = "pending"
        self.since = 0  # when it was first represented, and when it was known to have ended
        self.ended_since: int | None = None
        self.end: Frame | None = None
        self.end_by: int | None = None  # the terminal event stands here or before
        self.log_seq: int | None = None
        self.log_at = 0
        self.said: str | None = None  # what the chain says to its question, once that is known

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL

    def represented(self, message: Frame, now: int, *, stale: bool) -> None:
        """Take a whole representation; a `stale` one may lie behind what is known by now."""
        if self.message is None:
            self.since = now
        else:
            for field in _FIXED:
                if message[field] != self.message[field]:
                    self._differs(field, self.message[field], message[field])
        known, frozen = self.message, self.ended
        self._status(message["status"], now, stale=stale)
        self._read(message["content"], frozen=frozen, stale=stale and message["status"] not in TERMINAL)
        if message["status"] not in TERMINAL:
            self.message = known or message
            return
        if known is not None and known["status"] in TERMINAL and known != message:
            fields = sorted(field for field in message if message[field] != known.get(field))
            self._report(Kind.REPRESENTATION, f"{', '.join(fields)} changed after the end")
        self.message = message
        self._compare_end()

    def _status(self, status: str, now: int, *, stale: bool) -> None:
        if status not in MOVES:
            self._report(Kind.SHAPE, f"unknown status {status}")
        elif status not in MOVES[self.status]:
            if stale and status not in TERMINAL:
                return
            self._report(Kind.MOVE, f"{self.status} became {status}")
        else:
            if status in TERMINAL and not self.ended:
                self.ended_since = now
            self.status = status

    def _read(self, content: str, *, frozen: bool, stale: bool) -> None:
        """Compare a text that was read whole with what is held: one is the start of the other."""
        if self.text is None:
            self.text = Text(content)
            return
        held = str(self.text)
        if not (content.startswith(held) or held.startswith(content)):
            self._report(Kind.TEXT, f"read {_short(content)}, held {_short(held)}")
        elif (len(content) < len(held) and not stale) or (len(content) > len(held) and frozen):
            self._report(Kind.TEXT, f"read {len(content)} code points where {len(held)} were held")
        else:
            self.text.append(content[len(held) :])

    def piece(self, frame: Frame) -> None:
        """Take a token in the order of the log."""
        seq, at, content = frame["seq"], frame["at"], frame["content"]
        end = self.end_by if self.end is None else self.end["seq"]
        if end is not None and seq > end:
            self._report(Kind.AFTER_END, f"token at {seq}, the end was at {end}")
            return
        if self.log_seq is None or seq > self.log_seq:
            self.log_seq, self.log_at = seq, at + len(content)
        if self.status == "pending":
            self.status = "streaming"
        self._grow(at, content)

    def _grow(self, at: int, content: str) -> None:
        if self.text is None:
            self.text = Text(content) if at == 0 else None
            return
        have = len(self.text)
        if at > have:
            return  # the hole is reported where the log shows it
        if at < have and str(self.text)[at : at + len(content)] != content[: have - at]:
            self._report(Kind.TEXT, f"the piece at {at} says {_short(content)}")
        elif at + len(content) > have and self.ended:
            self._report(Kind.TEXT, f"the piece at {at} goes beyond the ended text of {have}")
        else:
            self.text.append(content[have - at :])

    def finished(self, frame: Frame, now: int) -> None:
        """Take the terminal event."""
        if self.end is not None:
            if frame["seq"] != self.end["seq"]:
                self._report(Kind.SECOND_END, f"at {self.end['seq']} and at {frame['seq']}")
            elif frame != self.end:
                self._report(Kind.REPRESENTATION, f"the terminal event at {frame['seq']} has changed")
            return
        if self.end_by is not None and frame["seq"] > self.end_by:
            self._report(Kind.SECOND_END, f"at {frame['seq']}, but a page at {self.end_by} had ended it")
        self.end = frame
        self._status(frame["status"], now, stale=False)
        if self.text is not None:
            if len(self.text) != frame["length"]:
                self._report(Kind.LENGTH, f"{frame['length']} said, {len(self.text)} held")
            elif self.text.crc32 != frame["crc32"]:
                self._report(Kind.CRC32, f"{frame['crc32']} said, {self.text.crc32} held")
        self._compare_end()

    def _compare_end(self) -> None:
        """Compare what the terminal event says with what REST says."""
        if self.end is None or self.message is None or self.message["status"] not in TERMINAL:
            return
        content = Text(self.message["content"])
        if (len(content), content.crc32) != (self.end["length"], self.end["crc32"]):
            self._differs("content", f"length {self.end['length']}", f"length {len(content)}")
        for field in _ENDING:  # an error carries fewer of them
            if field in self.end and self.end[field] != self.message.get(field):
                self._differs(field, self.end[field], self.message.get(field))
        error = self.message.get("error")
        if self.end["type"] == "error" and (error is None or error["code"] != self.end["code"]):
            self._differs("error", self.end["code"], error)

    def _differs(self, field: str, one: object, other: object) -> None:
        self._report(Kind.REPRESENTATION, f"{field} is {_short(one)} and {_short(other)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}…{text[-18:]}"  # noqa: PLR2004 - a line of a report
