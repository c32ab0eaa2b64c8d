"""The pieces of running answers: what a commit has of all of them goes in one statement.

The log's own key fences them. Whoever writes an answer alone adds to its session's log while it runs, so it
knows the number of its next piece; if anything else has that number already, the answer has ended, or an
earlier try of the same commit was made after all. A row of `sessions` is not touched for a piece.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection

from api.core.events import PIECE_BYTES, Piece
from api.core.text import cut
from api.database.writer import Outcome, RefusedError, Transaction
from api.service.ports import Claim, ClaimLostError


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
    short = [each for each in wanted if len(each.text) * 4 <= PIECE_BYTES]
    there = _add_rows(transaction.connection, [_row(each.claim, _piece(each)) for each in short])
    done = {each.claim.message_id for each, added in zip(short, there, strict=True) if added}
    outcomes = [_outcome(transaction, each, done) for each in wanted]
    _begin_streaming(transaction.connection, wanted, outcomes)
    return outcomes


def _outcome(transaction: Transaction, wanted: Addition, done: set[str]) -> Outcome:
    if wanted.claim.message_id in done:
        transaction.events.append(_piece(wanted))
        return wanted.seq
    try:
        return _add_alone(transaction, wanted)
    except FencedError as error:
        return error


def _add_alone(transaction: Transaction, wanted: Addition) -> int:
    """A long text, or one that finds its number taken.

    Of a commit that failed nobody knows whether it was made after all. So what is there of the text already
    is left out: it was added by an earlier try.
    """
    claim = wanted.claim
    row = transaction.connection.exec_driver_sql(_HELD, _named(claim)).fetchone()
    if row is None:
        raise FencedError(claim.message_id)
    seq, have = row
    if not wanted.at <= have <= wanted.at + len(wanted.text):
        raise FencedError(claim.message_id)
    pieces = list[Piece]()
    for content in cut(wanted.text[have - wanted.at :], PIECE_BYTES):
        seq += 1
        pieces.append(Piece(claim.session_id, seq, claim.message_id, have, content))
        have += len(content)
    _add_rows(transaction.connection, [_row(claim, piece) for piece in pieces])
    transaction.events += pieces
    return int(seq)


def _piece(wanted: Addition) -> Piece:
    claim = wanted.claim
    return Piece(claim.session_id, wanted.seq, claim.message_id, wanted.at, wanted.text)


def _row(claim: Claim, piece: Piece) -> tuple[Any, ...]:  # as the statements below take them
    return (claim.session_id, piece.seq, claim.message_id, piece.at, piece.content, claim.fence)


def _add_rows(connection: Connection, rows: list[tuple[Any, ...]]) -> list[bool]:
    """Whether each is there now. One statement: each would give up the interpreter, and ask for it again."""
    if not rows:
        return []
    given = (orjson.dumps(rows).decode(),)
    if connection.exec_driver_sql(_INSERT, given).rowcount == len(rows):
        return [True] * len(rows)
    there = {place for (place,) in connection.exec_driver_sql(_THERE, given)}
    return [place in there for place in range(len(rows))]


def _begin_streaming(connection: Connection, wanted: Sequence[Addition], outcomes: Sequence[Outcome]) -> None:
    begun = [
        each.claim.message_id
        for each, outcome in zip(wanted, outcomes, strict=True)
        if each.at == 0 and not isinstance(outcome, FencedError)
    ]
    if begun:
        connection.exec_driver_sql(_STREAMING, (orjson.dumps(begun).decode(),))


def _named(claim: Claim) -> tuple[str, ...]:
    return (claim.session_id, claim.message_id, claim.fence, claim.message_id)


_HOLDS = "m.status IN ('pending', 'streaming')"
_INSERT = f"""
INSERT INTO events (session_id, seq, kind, message_id, at, body)
SELECT json_extract(a.value, '$[0]'), json_extract(a.value, '$[1]'), 'piece',
       json_extract(a.value, '$[2]'), json_extract(a.value, '$[3]'), json_extract(a.value, '$[4]')
FROM json_each(?) AS a
WHERE EXISTS (
    SELECT 1 FROM messages AS m
    WHERE m.id = json_extract(a.value, '$[2]') AND m.fence = json_extract(a.value, '$[5]') AND {_HOLDS}
)
ON CONFLICT DO NOTHING
"""
# Of an earlier try of the same commit; if the answer has ended since, its writer has to be told.
_THERE = f"""
SELECT a.key FROM json_each(?) AS a JOIN events AS e
ON e.session_id = json_extract(a.value, '$[0]') AND e.seq = json_extract(a.value, '$[1]')
WHERE e.message_id = json_extract(a.value, '$[2]') AND e.at = json_extract(a.value, '$[3]')
AND e.body = json_extract(a.value, '$[4]')
AND EXISTS (
    SELECT 1 FROM messages AS m
    WHERE m.id = e.message_id AND m.fence = json_extract(a.value, '$[5]') AND {_HOLDS}
)
"""
_STREAMING = """
UPDATE messages SET status = 'streaming'
WHERE status = 'pending' AND id IN (SELECT value FROM json_each(?))
"""
# The log's last event, and how long the answer is by it: while an answer runs nothing else is added.
_HELD = f"""
SELECT e.seq, CASE WHEN e.kind = 'piece' THEN e.at + length(e.body) ELSE 0 END
FROM events AS e
WHERE e.session_id = ?
AND EXISTS (SELECT 1 FROM messages AS m WHERE m.id = ? AND m.fence = ? AND {_HOLDS})
AND e.message_id = ?
ORDER BY e.seq DESC LIMIT 1
"""
