"""What running answers say, straight into `events`, as PostgreSQL has it.

Its pages are not written with each commit, so there is nothing to gain from a journal. Whether whoever writes
still may is looked up by the statement that writes; where an answer's log ends is known to the one who writes
it. If somebody else has ended it meanwhile, the number of its next piece is taken, which the table refuses.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from api.core.events import Piece
from api.database.conflict import ConflictError
from api.database.locks import WRITER_KEY
from api.database.prepared import Prepared


class _End(NamedTuple):
    """An answer's last piece, and the fence that it was written with."""

    message_id: str
    fence: str
    seq: int


class Straight:
    """Implements `api.database.pieces.Pieces`. Everything that is committed is in the table."""

    def __init__(self) -> None:
        self._ends: dict[str, _End] = {}  # by session

    def of_session(self, session_id: str) -> Sequence[Piece]:  # noqa: ARG002 - as others have it
        return ()

    def of_answer(self, message_id: str) -> Sequence[Piece]:  # noqa: ARG002 - as above
        return ()

    def end(self, session_id: str) -> int:  # noqa: ARG002 - as above
        return 0

    def doubt(self) -> None:
        self._ends.clear()

    def entry(self, connection: Connection) -> "_Entry":
        return _Entry(self._ends, connection)


class _Entry:
    def __init__(self, ends: dict[str, _End], connection: Connection) -> None:
        self._ends = ends
        self._connection = connection
        self._added: dict[str, _End] = {}
        self._ended: set[str] = set()

    def end_for(self, session_id: str, message_id: str, fence: str) -> int:
        if session_id in self._ended:
            return 0
        found = self._added.get(session_id) or self._ends.get(session_id)
        return found.seq if found is not None and found[:2] == (message_id, fence) else 0

    def add(self, pieces: Sequence[Piece], fences: Sequence[str]) -> None:
        if not pieces:
            return
        added = _ADD.do(
            self._connection,
            sessions=[piece.session_id for piece in pieces],
            seqs=[piece.seq for piece in pieces],
            answers=[piece.message_id for piece in pieces],
            ats=[piece.at for piece in pieces],
            bodies=[piece.content for piece in pieces],
            fences=list(fences),
        )
        if added != len(pieces):
            raise ConflictError("an answer has ended, or has a new owner")
        for piece, fence in zip(pieces, fences, strict=True):
            self._added[piece.session_id] = _End(piece.message_id, fence, piece.seq)

    def lay_down(self, session_id: str) -> None:
        """Whoever asks for this ends the answer, or has lost count of it."""
        self._ended.add(session_id)

    def lay_down_all(self) -> None:
        """It is."""

    def made(self) -> None:
        self._ends.update(self._added)
        for session_id in self._ended:
            self._ends.pop(session_id, None)


_ADD = Prepared(
    text(f"""
    INSERT INTO events (session_id, seq, kind, message_id, at, body, hour)
    SELECT a.session_id, a.seq, 'piece', a.message_id, a.at, a.body, s.hour
    FROM unnest(
        CAST(:sessions AS text[]), CAST(:seqs AS bigint[]), CAST(:answers AS text[]),
        CAST(:ats AS integer[]), CAST(:bodies AS text[]), CAST(:fences AS text[])
    ) AS a (session_id, seq, message_id, at, body, fence)
    JOIN messages AS m ON m.id = a.message_id
    JOIN sessions AS s ON s.id = m.session_id
    WHERE m.fence = a.fence AND m.status IN ('pending', 'streaming')
        AND pg_advisory_xact_lock_shared({WRITER_KEY}) IS NOT NULL
    """)
)
