"""Where what running answers say goes, commit by commit; each kind of database has a way of its own."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from api.core.events import Piece


class Entry(Protocol):
    """What one transaction adds: nothing, unless that is `made`."""

    def end_for(self, session_id: str, message_id: str, fence: str) -> int:
        """The number of an answer's last piece, if it is known that this fence may write on; else 0."""

    def add(self, pieces: Sequence[Piece], fences: Sequence[str]) -> None:
        """Each follows the last event of its session, and comes from whoever may write its answer."""

    def lay_down(self, session_id: str) -> None:
        """From here on all of the session's log is in `events`."""

    def lay_down_all(self) -> None:
        """The same of all sessions, before something is erased."""

    def made(self) -> None:
        """It is committed."""


class Pieces(Protocol):
    """What is committed and not in `events` yet. The writer's thread changes it, and any thread may look."""

    def of_session(self, session_id: str) -> Sequence[Piece]: ...

    def of_answer(self, message_id: str) -> Sequence[Piece]:
        """Those of its session, in which no other answer runs."""

    def end(self, session_id: str) -> int:
        """The number of the session's last piece here; 0 if there is none."""

    def doubt(self) -> None:
        """What a commit did is not known, or the connection is another: then the tables alone tell."""

    def entry(self, connection: Connection) -> Entry: ...
