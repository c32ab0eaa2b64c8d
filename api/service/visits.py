"""Who follows sessions in this process; that they come and go is noted."""

from typing import Literal, TypeAlias

from api.core.notes import What
from api.core.records import JSON, Position
from api.service.follow import Start
from api.service.ports import NewId, Notes

Door: TypeAlias = Literal["websocket", "sse", "rest"]


class Visitors:
    """Knows all who follow a session here now."""

    def __init__(self, notes: Notes, new_id: NewId) -> None:
        self._notes = notes
        self._new_id = new_id
        self._here: set[tuple[str, str]] = set()

    def __contains__(self, visit: tuple[str, str]) -> bool:
        """Whether this connection follows that session: `(connection, session_id)`."""
        return visit in self._here

    def enter(self, door: Door) -> "Visitor":
        return Visitor(self._notes, self._here, door, self._new_id())


class Visitor:
    """One connection. Its id tells its notes from those of others that follow at the same time."""

    def __init__(self, notes: Notes, here: set[tuple[str, str]], door: Door, connection: str) -> None:
        self._notes = notes
        self._here = here
        self._who: dict[str, JSON] = {"door": door, "connection": connection}
        self._connection = connection

    def came(self, start: Start) -> None:
        self._here.add((self._connection, start.session_id))
        what = What.FOLLOWER_RESUMED if start.asked else What.FOLLOWER_CAME
        where: dict[str, JSON] = {
            "position": _json(start.position),
            "end": start.end,
            "recovered": start.recovered,
        }
        self._notes.note(what, self._who | where, session_id=start.session_id)

    def left(self, session_id: str, cursor: Position) -> None:
        """`cursor`: up to there the session's events were handed to the connection."""
        self._here.discard((self._connection, session_id))
        where: dict[str, JSON] = {"position": _json(cursor)}
        self._notes.note(What.FOLLOWER_LEFT, self._who | where, session_id=session_id)


def _json(position: Position) -> dict[str, JSON]:
    return {"epoch": position.epoch, "seq": position.seq}
