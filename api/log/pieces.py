"""The pieces of running answers: what a commit has of all of them goes into the journal together.

The log's own numbers fence them. Whoever writes an answer alone adds to its session's log while it runs, so
he knows the number of its next piece; if anything else has that number already, the answer has ended, or an
earlier try of the same commit was made after all. A row of `sessions` is not touched for a piece.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson
from sqlalchemy import Connection, text

from api.core.events import PIECE_BYTES, Piece
from api.core.text import cut
from api.database.prepared import Prepared
from api.database.writer import Outcome, RefusedError, Transaction
from api.log.rows import add_pieces
from api.service.ports import Claim, ClaimLostError

SHORT_CHARS = 1000
"""What is longer goes into `events` at once: there is little to gain, and much would wait in the journal."""


class FencedError(ClaimLostError, RefusedError):
    """The claim's answer has ended or has a new owner; nothing was written."""


@dataclass(frozen=True, slots=True)
class Addition:
    """`text`, whose first code point is number `at` of the answer, as event number `seq`.

    If it is long, it becomes several events.
    """

    claim: Claim
    seq: int
    at: int
    text: str


class Adding(Protocol):
    """Who has something to add; it is asked in the writer's thread, again after a rollback."""

    def addition(self) -> Addition: ...


def add(transaction: Transaction, adding: Sequence[Adding]) -> list[Outcome]:
    """Adds for each whose claim still holds; the outcome is the number of its last event, or FencedError."""
    wanted = [each.addition() for each in adding]
    ends = _ends(transaction, wanted)
    follows = [_follows(each, ends) for each in wanted]
    pieces = [_piece(each) for each, next_ in zip(wanted, follows, strict=True) if next_]
    transaction.journal.add(pieces)
    transaction.events += pieces
    outcomes = [
        each.seq if next_ else _otherwise(transaction, each, ends)
        for each, next_ in zip(wanted, follows, strict=True)
    ]
    _begin_streaming(transaction.connection, wanted, outcomes)
    return outcomes


def _ends(transaction: Transaction, wanted: Sequence[Addition]) -> dict[str, int]:
    """By answer, for those whose claim holds: the number of the last event in its session's log.

    One statement for all: each would give up the interpreter, and ask for it again. A second one looks for
    the sessions of which nothing waits in the journal.
    """
    connection = transaction.connection
    answers = _dumped([each.claim.message_id for each in wanted])
    fences = {row.id: row.fence for row in _RUNNING.all(connection, answers=answers)}
    held = [each.claim for each in wanted if fences.get(each.claim.message_id) == each.claim.fence]
    ends = transaction.journal.ends([claim.session_id for claim in held])
    unknown = [session_id for session_id, end in ends.items() if not end]
    if unknown:
        found = _LAST.all(connection, sessions=_dumped(unknown))
        ends |= {row.session_id: row.seq for row in found}
    return {claim.message_id: ends[claim.session_id] for claim in held}


def _follows(wanted: Addition, ends: dict[str, int]) -> bool:
    """Whether it is a short text, and the next event of its session; then the log ends with it."""
    answer = wanted.claim.message_id
    next_ = len(wanted.text) <= SHORT_CHARS and ends.get(answer) == wanted.seq - 1
    if next_:
        ends[answer] = wanted.seq
    return next_


def _otherwise(transaction: Transaction, wanted: Addition, ends: Mapping[str, int]) -> Outcome:
    if wanted.claim.message_id not in ends:
        return FencedError(wanted.claim.message_id)
    try:
        return _add_alone(transaction, wanted)
    except FencedError as error:
        return error


def _add_alone(transaction: Transaction, wanted: Addition) -> int:
    """A long text, or one that finds its number taken; it goes where all that is before it has gone down.

    Of a commit that failed nobody knows whether it was made after all. So what is there of the text already
    is left out: it was added by an earlier try, of which nobody who follows may have been told.
    """
    claim = wanted.claim
    transaction.journal.lay_down(claim.session_id)
    row = _HELD.first(transaction.connection, session=claim.session_id, answer=claim.message_id)
    if row is None:
        raise FencedError(claim.message_id)
    seq, have = row.seq, row.length
    if not wanted.at <= have <= wanted.at + len(wanted.text):
        raise FencedError(claim.message_id)
    if have > wanted.at:
        transaction.gone.append(claim.session_id)
    pieces = list[Piece]()
    for content in cut(wanted.text[have - wanted.at :], PIECE_BYTES):
        seq += 1
        pieces.append(Piece(claim.session_id, seq, claim.message_id, have, content))
        have += len(content)
    add_pieces(transaction, pieces)
    return int(seq)


def _piece(wanted: Addition) -> Piece:
    claim = wanted.claim
    return Piece(claim.session_id, wanted.seq, claim.message_id, wanted.at, wanted.text)


def _begin_streaming(connection: Connection, wanted: Sequence[Addition], outcomes: Sequence[Outcome]) -> None:
    begun = [
        each.claim.message_id
        for each, outcome in zip(wanted, outcomes, strict=True)
        if each.at == 0 and not isinstance(outcome, FencedError)
    ]
    if begun:
        _STREAMING.do(connection, answers=_dumped(begun))


def _dumped(names: Sequence[str]) -> str:
    return orjson.dumps(names).decode()


_RUNNING = Prepared(
    text("""
    SELECT m.id, m.fence FROM json_each(:answers) AS a CROSS JOIN messages AS m ON m.id = a.value
    WHERE m.status IN ('pending', 'streaming')
    """)
)
_LAST = Prepared(
    text("""
    SELECT a.value AS session_id,
        (SELECT coalesce(max(e.seq), 0) FROM events AS e WHERE e.session_id = a.value) AS seq
    FROM json_each(:sessions) AS a
    """)
)
_STREAMING = Prepared(
    text("""
    UPDATE messages SET status = 'streaming'
    WHERE status = 'pending' AND id IN (SELECT value FROM json_each(:answers))
    """)
)
# The log's last event, and how long the answer is by it: while an answer runs nothing else is added.
_HELD = Prepared(
    text("""
    SELECT e.seq, CASE WHEN e.kind = 'piece' THEN e.at + length(e.body) ELSE 0 END AS length
    FROM events AS e
    WHERE e.session_id = :session AND e.message_id = :answer
    ORDER BY e.seq DESC LIMIT 1
    """)
)
