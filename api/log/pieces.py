"""The pieces of running answers: what a commit has of all of them goes into the journal together.

The log's own numbers fence them. Whoever writes an answer alone adds to its session's log while it runs, so
he knows the number of its next piece; if anything else has that number already, the answer has ended, or an
earlier try of the same commit was made after all. A row of `sessions` is not touched for a piece.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import orjson
from sqlalchemy import Connection, text

from api.core.events import PIECE_BYTES, Piece
from api.core.text import cut
from api.database.locks import join_writer
from api.database.prepared import Prepared
from api.database.writer import Outcome, RefusedError, Transaction
from api.log.rows import add_pieces
from api.service.ports import Claim, ClaimLostError

SHORT_CHARS = 1000
"""What is longer goes into `events` at once: there is little to gain, and much would wait in the journal."""


class FencedError(ClaimLostError, RefusedError):
    """The claim's answer has ended or has a new owner; nothing was written."""


class Addition(NamedTuple):
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
    next_ = [each for each, follow in zip(wanted, follows, strict=True) if follow]
    pieces = list(map(_piece, next_))
    transaction.journal.add(pieces, [each.claim.fence for each in next_])
    transaction.events += pieces
    outcomes = [
        each.seq if follow else _otherwise(transaction, each, ends)
        for each, follow in zip(wanted, follows, strict=True)
    ]
    _begin_streaming(transaction.connection, wanted, outcomes)
    return outcomes


def _ends(transaction: Transaction, wanted: Sequence[Addition]) -> dict[str, int]:
    """By answer, for those whose claim holds: the number of the last event in its session's log."""
    journal, ends, unknown = transaction.journal, dict[str, int](), list[Claim]()
    for each in wanted:
        claim = each.claim
        end = journal.end_for(claim.session_id, claim.message_id, claim.fence)
        if end:
            ends[claim.message_id] = end
        else:
            unknown.append(claim)
    if unknown:
        ends |= _looked_up(transaction.connection, unknown)
    return ends


def _looked_up(connection: Connection, claims: Sequence[Claim]) -> dict[str, int]:
    """The same from the tables: for answers that begin, and for those of which nothing is in the journal.

    Two statements for all: each would give up the interpreter, and ask for it again.
    """
    answers = _names(connection, [claim.message_id for claim in claims])
    fences = {row.id: row.fence for row in _RUNNING.all(connection, answers=answers)}
    held = [claim for claim in claims if fences.get(claim.message_id) == claim.fence]
    sessions = _names(connection, [claim.session_id for claim in held])
    last = {row.session_id: row.seq for row in _LAST.all(connection, sessions=sessions)}
    return {claim.message_id: last[claim.session_id] for claim in held}


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
    join_writer(transaction.connection, claim.message_id)
    asked = {"session": claim.session_id, "answer": claim.message_id, "fence": claim.fence}
    row = _HELD.first(transaction.connection, **asked)
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
    add_pieces(transaction, pieces, row.hour)
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
        _STREAMING.do(connection, answers=_names(connection, begun))


def _names(connection: Connection, names: list[str]) -> object:
    """As one value: SQLite has no arrays."""
    return orjson.dumps(names).decode() if connection.dialect.name == "sqlite" else names


_RUNNING = Prepared(
    text("""
    SELECT m.id, m.fence FROM json_each(:answers) AS a CROSS JOIN messages AS m ON m.id = a.value
    WHERE m.status IN ('pending', 'streaming')
    """),
    postgresql=text("""
    SELECT m.id, m.fence FROM messages AS m
    WHERE m.id = ANY(:answers) AND m.status IN ('pending', 'streaming')
    """),
)
_LAST = Prepared(
    text("""
    SELECT a.value AS session_id,
        (SELECT coalesce(max(e.seq), 0) FROM events AS e WHERE e.session_id = a.value) AS seq
    FROM json_each(:sessions) AS a
    """),
    postgresql=text("""
    SELECT a.value AS session_id,
        (SELECT coalesce(max(e.seq), 0) FROM events AS e WHERE e.session_id = a.value) AS seq
    FROM unnest(CAST(:sessions AS text[])) AS a (value)
    """),
)
_STREAMING = Prepared(
    text("""
    UPDATE messages SET status = 'streaming'
    WHERE status = 'pending' AND id IN (SELECT value FROM json_each(:answers))
    """),
    postgresql=text("""
    UPDATE messages SET status = 'streaming' WHERE status = 'pending' AND id = ANY(:answers)
    """),
)
# The log's last event, and how long the answer is by it: while an answer runs nothing else is added.
_HELD = Prepared(
    text("""
    SELECT e.seq, e.hour, CASE WHEN e.kind = 'piece' THEN e.at + length(e.body) ELSE 0 END AS length
    FROM messages AS m JOIN events AS e ON e.session_id = :session AND e.message_id = m.id
    WHERE m.id = :answer AND m.fence = :fence AND m.status IN ('pending', 'streaming')
    ORDER BY e.seq DESC LIMIT 1
    """)
)
