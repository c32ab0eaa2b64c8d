"""What a person has been shown, to be compared with what is shown later, elsewhere, or by the database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loadtests.protocol.frames import Frame, crc32, is_terminal


@dataclass(frozen=True, slots=True)
class Sight:
    """A message as it was last shown; of a text that may be long its length and its checksum."""

    index: int
    role: str
    status: str
    length: int
    crc32: str
    reply_to: str | None

    @classmethod
    def of(cls, message: Frame) -> "Sight":
        text = message["content"]
        fields = message["index"], message["role"], message["status"], len(text), crc32(text)
        return cls(*fields, message["reply_to"])

    @property
    def ended(self) -> bool:
        return is_terminal({"status": self.status})

    def contradiction(self, later: Frame) -> str | None:
        """Say how a later representation takes back what was shown; None if it does not."""
        text = later["content"]
        if self.ended and later["status"] != self.status:
            return f"was {self.status} and is {later['status']}"
        if len(text) < self.length or (self.ended and len(text) != self.length):
            return f"was {self.length} characters long and is {len(text)}"
        if crc32(text[: self.length]) != self.crc32:
            return f"says something else in its first {self.length} characters"
        if later["index"] != self.index:
            return f"was at index {self.index} and is at {later['index']}"
        return None


class Seen:
    """Sessions in the order of their first sight, and the messages of each by their ids."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Sight]] = {}

    def look(self, session_id: str, shown: Iterable[Frame]) -> list[str]:
        """Remember what is shown now; return in words what it takes back or leaves out."""
        known = self.sessions.setdefault(session_id, {})
        shown = _certain(shown)
        wrong = [*_taken_back(known, shown), *_left_out(known, shown)]
        known.update({message["id"]: Sight.of(message) for message in shown})
        return wrong


def _certain(shown: Iterable[Frame]) -> list[Frame]:
    """Leave out rows that are made from an ack alone: their index is a guess."""
    return [message for message in shown if message["created_at"]]


def _taken_back(known: dict[str, Sight], shown: list[Frame]) -> Iterator[str]:
    for message in shown:
        before = known.get(message["id"])
        wrong = None if before is None else before.contradiction(message)
        if wrong is not None:
            yield f"message {message['id']} {wrong}"


def _left_out(known: dict[str, Sight], shown: list[Frame]) -> Iterator[str]:
    """Questions are never replaced: from the oldest that is shown on, all of them stand there."""
    if not shown:
        return
    there, first = {message["id"] for message in shown}, min(message["index"] for message in shown)
    for id_, sight in known.items():
        if sight.role == "user" and sight.index >= first and id_ not in there:
            yield f"message {id_} at index {sight.index} is gone"


def disagreements(here: Iterable[Frame], there: Iterable[Frame]) -> list[str]:
    """Compare what two tabs show of one session, where both show something."""
    mine, other = ({message["id"]: message for message in _certain(shown)} for shown in (here, there))
    if not mine or not other:
        return []
    first = max(min(message["index"] for message in shown.values()) for shown in (mine, other))
    alone = [id_ for id_ in mine.keys() ^ other.keys() if (mine | other)[id_]["index"] >= first]
    differing = [id_ for id_ in mine.keys() & other.keys() if Sight.of(mine[id_]) != Sight.of(other[id_])]
    return [f"message {id_} is in one tab alone" for id_ in alone] + [
        f"message {id_} differs between tabs" for id_ in differing
    ]
