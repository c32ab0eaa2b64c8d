"""All that a client knows of one session's log."""

from dataclasses import dataclass, field
from typing import Literal

from loadtests.protocol.frames import Frame, is_terminal
from loadtests.protocol.text import Text

# `asked`: a subscribe is outstanding. `page`: waiting for a page's position to subscribe from.
Following = Literal["no", "asked", "page", "yes"]


@dataclass(slots=True)
class Row:
    """A message as it is held: its fields, and its text apart from them, because that grows.

    `arrival` counts rows as they came: it says which were here before a `recovered: false`. It is infinite
    for an ack's.
    """

    message: Frame
    text: Text
    arrival: float

    @property
    def ended(self) -> bool:
        return is_terminal(self.message)

    @property
    def index(self) -> int:
        found: int = self.message["index"]
        return found

    def whole(self) -> Frame:
        """The message with its text so far."""
        return self.message | {"content": str(self.text)}


@dataclass(slots=True)
class Conversation:
    """`era` counts epochs met, `ticket` newest-page requests: answers to earlier ones are ignored.

    `lost_at` is the count of arrivals at the first `recovered: false` since a page was read, `start_id` the
    row that a page said is the session's first.
    """

    session_id: str
    epoch: str | None = None
    cursor: int | None = None
    connected: bool = False
    following: Following = "no"
    asks: int = 0
    gap_at: int | None = None
    era: int = 0
    ticket: int = 0
    page_wanted: bool = False
    loaded: bool = False
    lost_at: float | None = None
    arrivals: int = 0
    start_id: str | None = None
    order: list[str] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)

    @property
    def oldest_index(self) -> int | None:
        return self.rows[self.order[0]].index if self.order else None

    @property
    def busy(self) -> bool:
        """True while an answer of the session runs, as far as is known here."""
        return any(not row.ended for row in self.rows.values())

    def older_than(self) -> str | None:
        """The page of older messages starts before this row; None when the start of the session is here."""
        first = self.order[0] if self.order else None
        if first is None or first == self.start_id:
            return None
        return first if self.rows[first].index > 1 else None

    def shown(self) -> list[Frame]:
        """The messages in order, of several attempts at one question only the newest."""
        newest = {
            row.message["reply_to"]: id_
            for id_ in self.order
            if (row := self.rows[id_]).message["role"] == "assistant" and row.message["reply_to"]
        }
        return [
            row.whole()
            for id_ in self.order
            if newest.get((row := self.rows[id_]).message["reply_to"], id_) == id_
        ]
