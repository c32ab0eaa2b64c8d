"""The line format of server-sent events (WHATWG HTML, 9.2.6), fed in pieces of any size."""

import codecs
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerEvent:
    id: str | None
    event: str
    data: str


class SseParser:
    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""
        self._id: str | None = None
        self._event = ""
        self._data: list[str] = []

    def push(self, chunk: bytes) -> list[ServerEvent]:
        """Return the events that these bytes complete."""
        text = self._rest + self._decode.decode(chunk)
        # A carriage return at the end may be the first half of a line's end.
        held = "\r" if text.endswith("\r") else ""
        *lines, rest = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = rest + held
        return [event for line in lines if (event := self._line(line)) is not None]

    def _line(self, line: str) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._event = value
        elif field == "id":
            self._id = value
        return None

    def _dispatch(self) -> ServerEvent | None:
        """The id is this event's own: an event without one says that it is not of the log."""
        data, event, id_ = "\n".join(self._data), self._event or "message", self._id
        self._data, self._event, self._id = [], "", None
        return ServerEvent(id_, event, data) if data else None
