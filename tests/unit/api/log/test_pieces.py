"""What a commit has of all answers goes together, and each answer's claim is looked at for itself."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from api.core.events import PIECE_BYTES, Ended, Event, Piece
from api.core.lifecycle import Status
from api.core.records import Position
from api.database import prepared
from api.database.jobs import Outcome
from api.database.tables import sessions
from api.database.writer import Transaction
from api.log.pieces import Addition, FencedError, add
from tests.support.backends import Backend, Sent

pytestmark = pytest.mark.anyio


@dataclass
class Says:
    """Somebody who has something to add."""

    said: Addition

    def addition(self) -> Addition:
        return self.said


def of(sent: Sent, text: str, *, after: int = 0, at: int = 0) -> Says:
    """`text` as the first piece of an answer, or behind so many pieces and characters."""
    return Says(Addition(sent.claim, sent.claim.seq + 1 + after, at, text))


async def added(backend: Backend, *says: Says) -> list[Outcome]:
    return await backend.change(lambda transaction: add(transaction, says))


async def logged(backend: Backend, sent: Sent) -> list[Event]:
    return await backend.events(sent.session_id, sent.claim.seq)


def piece(sent: Sent, seq: int, at: int, text: str) -> Piece:
    return Piece(sent.session_id, seq, sent.answer_id, at, text)


async def test_however_many_answers_are_added_to_it_is_one_statement(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [await backend.send() for _ in range(20)]
    await added(backend, *(of(sent, "a") for sent in many))
    asked: list[str] = []
    execute = prepared._execute

    def noting(connection: Connection, sql: str, given: Any, **how: bool) -> Any:
        asked.append(sql)
        return execute(connection, sql, given, **how)

    monkeypatch.setattr(prepared, "_execute", noting)
    outcomes = await added(backend, *(of(sent, "b", after=1, at=1) for sent in many))
    assert outcomes == [sent.claim.seq + 2 for sent in many]
    assert len(asked) == 1
    for sent in many:
        assert await logged(backend, sent) == [piece(sent, 3, 0, "a"), piece(sent, 4, 1, "b")]


async def test_one_whose_answer_has_ended_adds_nothing_and_the_others_do(backend: Backend) -> None:
    ended, renewed, running = [await backend.send() for _ in range(3)]
    await backend.end(ended)
    lost = replace(renewed, claim=replace(renewed.claim, fence="of another"))
    outcomes = await added(backend, of(ended, "a"), of(lost, "b"), of(running, "c"))
    assert [type(outcome) for outcome in outcomes] == [FencedError, FencedError, int]
    assert [type(each) for each in await logged(backend, ended)] == [Ended]
    assert await logged(backend, renewed) == []
    assert await logged(backend, running) == [piece(running, 3, 0, "c")]
    assert backend.published[-1] == piece(running, 3, 0, "c")


async def test_what_an_earlier_try_has_added_is_not_added_again(backend: Backend) -> None:
    whole, partly = [await backend.send() for _ in range(2)]
    for _ in range(2):
        assert await added(backend, of(whole, "abc")) == [3]
    assert await logged(backend, whole) == [piece(whole, 3, 0, "abc")]
    await added(backend, of(partly, "abc"))
    assert await added(backend, of(partly, "abcdef")) == [4]
    assert await logged(backend, partly) == [piece(partly, 3, 0, "abc"), piece(partly, 4, 3, "def")]


async def test_an_earlier_try_does_not_hide_that_the_answer_has_ended_since(backend: Backend) -> None:
    sent = await backend.send()
    await added(backend, of(sent, "abc"))
    await backend.end(sent)
    (outcome,) = await added(backend, of(sent, "abc"))
    assert isinstance(outcome, FencedError)


@pytest.mark.parametrize(("text", "at"), [("b", 0), ("", 0), ("x", 9)])
async def test_a_text_that_does_not_fit_what_is_there_is_fenced(backend: Backend, text: str, at: int) -> None:
    """Only two who write one answer could come to that."""
    sent = await backend.send()
    await added(backend, of(sent, "abc"))
    (outcome,) = await added(backend, of(sent, text, at=at))
    assert isinstance(outcome, FencedError)
    assert await logged(backend, sent) == [piece(sent, 3, 0, "abc")]


async def test_a_long_text_beside_short_ones_becomes_several_events(backend: Backend) -> None:
    long, short = [await backend.send() for _ in range(2)]
    text = "ß" * PIECE_BYTES
    assert await added(backend, of(long, text), of(short, "a")) == [4, 3]
    found = await logged(backend, long)
    assert [each.seq for each in found] == [3, 4]
    assert "".join(each.content for each in found if isinstance(each, Piece)) == text
    assert await logged(backend, short) == [piece(short, 3, 0, "a")]


async def test_what_is_published_is_what_was_added(backend: Backend) -> None:
    many = [await backend.send() for _ in range(3)]
    del backend.published[:]
    await added(backend, *(of(sent, name) for sent, name in zip(many, "abc", strict=True)))
    assert backend.published == [piece(sent, 3, 0, name) for sent, name in zip(many, "abc", strict=True)]


async def test_the_first_words_make_an_answer_streaming_and_no_others(backend: Backend) -> None:
    begun, pending = [await backend.send() for _ in range(2)]
    await added(backend, of(begun, "a"))
    stati = [(await backend.store.message("ann", sent.answer_id)).status for sent in (begun, pending)]
    assert stati == [Status.STREAMING, Status.PENDING]


async def test_the_log_ends_behind_the_pieces_that_no_row_of_the_session_knows_of(backend: Backend) -> None:
    def number(transaction: Transaction) -> int:
        found = select(sessions.c.seq).where(sessions.c.id == sent.session_id)
        return int(transaction.connection.execute(found).scalar_one())

    async def end() -> Position:
        return (await backend.log.state(sent.session_id)).end

    sent = await backend.send()
    epoch = backend.log.epoch
    assert (await backend.change(number), await end()) == (2, Position(epoch, 2))
    await backend.say(sent, "a", "b")
    assert (await backend.change(number), await end()) == (2, Position(epoch, 4))
    await backend.end(sent)
    assert (await backend.change(number), await end()) == (5, Position(epoch, 5))
    backend.clock.forward(3600)
    await backend.log.trim(backend.clock())
    assert await end() == Position(epoch, 5), "also if none of its events is left"
    again = await backend.retry(sent.answer_id)
    assert again.claim.seq == 6
