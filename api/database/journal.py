"""What running answers say, on its way into `events`.

A session's events lie together in their table, so the pieces of many answers lie far apart there, and a
commit writes a page for each. So what a commit has of all answers becomes one row of `journal`, behind the
last one. Later a session's pieces go down into `events`, many at once; when its answer ends, all of them do.

A piece goes from one to the other in a commit. What is in `journal` and not yet in `events` is held in memory
besides, which is changed after the commit alone. Whoever reads takes that first and the database then, and
leaves out of the first what is in the second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, text

from api.core.events import Piece
from api.database.prepared import Prepared
from api.database.sqlite import version

LAID_AFTER = 64
"""Commits with pieces: by then a session that speaks fast has many, and its page is written once for all."""
LAID_FOR_EACH = 2
"""So many pieces go down, about, for each that a commit adds: no commit is long, nor is the journal."""


@dataclass(slots=True)
class _Waiting:
    """A session's pieces that have not gone down; `entry` is the journal's row with the first of them.

    They are of one answer, which has not ended since: `fence` is what whoever writes it has shown.
    """

    entry: int
    fence: str
    pieces: list[Piece]

    def end_for(self, message_id: str, fence: str) -> int:
        last = self.pieces[-1]
        return last.seq if last.message_id == message_id and self.fence == fence else 0


class _Held:
    """What is in memory, and as of which version of the database; None if nobody knows."""

    def __init__(self) -> None:
        self.waiting: dict[str, _Waiting] = {}  # in the order of their entries
        self.version: int | None = None

    def of(self, session_id: str) -> list[Piece]:
        found = self.waiting.get(session_id)
        return [] if found is None else list(found.pieces)

    def end(self, session_id: str) -> int:
        found = self.waiting.get(session_id)
        return 0 if found is None else found.pieces[-1].seq


class Journal:
    """What is committed and has not gone down. The writer's thread changes it, and any thread may look."""

    def __init__(self) -> None:
        self._held = _Held()

    def of_session(self, session_id: str) -> Sequence[Piece]:
        return self._held.of(session_id)

    def of_answer(self, message_id: str) -> Sequence[Piece]:
        """Those of its session, in which no other answer runs."""
        for found in list(self._held.waiting.values()):
            if found.pieces[0].message_id == message_id:
                return list(found.pieces)
        return ()

    def end(self, session_id: str) -> int:
        """The number of the session's last piece here; 0 if there is none."""
        return self._held.end(session_id)

    def doubt(self) -> None:
        """What a commit did is not known, or the connection is another: then the table alone tells."""
        self._held.version = None

    def entry(self, connection: Connection) -> "Entry":
        return Entry(self._held, connection)


class Entry:
    """What one transaction does to the journal: nothing, unless that is `made`."""

    def __init__(self, held: _Held, connection: Connection) -> None:
        self._held = held
        self._connection = connection
        self._added: dict[str, _Waiting] = {}
        self._laid: set[str] = set()
        self._version: int | None = None

    def end_for(self, session_id: str, message_id: str, fence: str) -> int:
        """The number of an answer's last piece, if that is here and was written with this fence; else 0.

        Then nobody has ended the answer: with its end all of it goes down.
        """
        self._look()
        found = self._added.get(session_id)
        if found is None and session_id not in self._laid:
            found = self._held.waiting.get(session_id)
        return 0 if found is None else found.end_for(message_id, fence)

    def add(self, pieces: Sequence[Piece], fences: Sequence[str]) -> None:
        """Each follows the last event of its session, and comes from whoever may write its answer."""
        self._look()
        if not pieces:
            return
        entry = _ADD.all(self._connection, body=_dumped(pieces))[0].id
        for piece, fence in zip(pieces, fences, strict=True):
            added = self._added.get(piece.session_id)
            if added is None:
                self._added[piece.session_id] = _Waiting(entry, fence, [piece])
            else:
                added.pieces.append(piece)
        self._lay(self._old(entry, LAID_FOR_EACH * len(pieces)))

    def lay_down(self, session_id: str) -> None:
        """From here on all of the session's log is in `events`."""
        self._look()
        self._lay([session_id])

    def lay_down_all(self) -> None:
        """Before something is erased: what has gone down is still in the journal until it is emptied."""
        self._look()
        if self._added or self._laid or self._held.waiting:
            self._empty()

    def made(self) -> None:
        """It is committed."""
        waiting = self._held.waiting
        for session_id in self._laid:
            waiting.pop(session_id, None)
        for session_id, added in self._added.items():
            if session_id in waiting:
                waiting[session_id].pieces += added.pieces
            else:
                waiting[session_id] = added
        if self._version is not None:
            self._held.version = self._version

    def _look(self) -> None:
        """What is in memory holds while nobody else has written. Else the table tells, and nothing waits."""
        if self._version is None:
            self._version = version(self._connection)
            if self._version != self._held.version:
                self._empty()

    def _empty(self) -> None:
        lay_down_all(self._connection)
        self._added.clear()
        self._laid.update(self._held.waiting)

    def _old(self, entry: int, room: int) -> list[str]:
        """The sessions whose pieces have waited long, as many as there is room for."""
        found: list[str] = []
        for session_id, waiting in self._held.waiting.items():
            if session_id in self._laid:
                continue
            if room <= 0 or entry - waiting.entry < LAID_AFTER:
                break
            found.append(session_id)
            room -= len(waiting.pieces)
        return found

    def _lay(self, session_ids: Iterable[str]) -> None:
        pieces = [piece for session_id in session_ids for piece in self._take(session_id)]
        if pieces:
            _LAY.do(self._connection, pieces=_dumped(pieces))
            _FORGET.do(self._connection, first=self._first())

    def _take(self, session_id: str) -> list[Piece]:
        taken = [] if session_id in self._laid else list(self._held.of(session_id))
        self._laid.add(session_id)
        added = self._added.pop(session_id, None)
        return taken if added is None else taken + added.pieces

    def _first(self) -> int:
        """The oldest row of the journal that is still needed: what lies before has all gone down."""
        for session_id, waiting in self._held.waiting.items():
            if session_id not in self._laid:
                return waiting.entry
        return min((added.entry for added in self._added.values()), default=_BEHIND_ALL)


def lay_down_all(connection: Connection) -> None:
    """By what the table alone tells, as after the death of a process. It is empty then."""
    _LAY_ALL.do(connection)
    _FORGET.do(connection, first=_BEHIND_ALL)


def _dumped(pieces: Sequence[Piece]) -> str:
    return _encoder.encode(pieces).decode()


_encoder = msgspec.json.Encoder()
_BEHIND_ALL = 2**63 - 1
_ADD = Prepared(text("INSERT INTO journal (body) VALUES (:body) RETURNING id"))
_FORGET = Prepared(text("DELETE FROM journal WHERE id < :first"))
_INTO_EVENTS = """
INSERT INTO events (session_id, seq, kind, message_id, at, body)
SELECT json_extract(a.value, '$[0]'), json_extract(a.value, '$[1]'), 'piece',
       json_extract(a.value, '$[2]'), json_extract(a.value, '$[3]'), json_extract(a.value, '$[4]')
"""
# One statement each: the driver gives up the interpreter for as long as one takes.
_LAY = Prepared(text(f"{_INTO_EVENTS} FROM json_each(:pieces) AS a WHERE true ON CONFLICT DO NOTHING"))
_LAY_ALL = Prepared(
    text(f"""{_INTO_EVENTS}
    FROM journal AS j, json_each(j.body) AS a WHERE true ORDER BY 1, 2 ON CONFLICT DO NOTHING
    """)
)
