"""A chain is told of the exchanges that went well, the newest before its question."""

from collections.abc import Sequence
from functools import partial

import pytest

from api.core.history import HistoryLimits
from api.core.lifecycle import Status
from api.store import messages as store_messages
from api.store.messages import read_history
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio

END = 1000


async def told(backend: Backend, session_id: str, before: int, limit: int) -> Sequence[tuple[str, str]]:
    """What a chain is told with the message of this index."""
    limits = HistoryLimits(limit, 64_000)
    past = partial(read_history, session_id=session_id, before_index=before, limits=limits)
    return await backend.database.readers.read(past)


async def asked(backend: Backend, *ends: tuple[Status, str]) -> str:
    """A session in which Q0, Q1 … were answered so."""
    session: str | None = None
    for number, (status, text) in enumerate(ends):
        sent = await backend.send(f"Q{number}", session=session)
        await backend.say(sent, text)
        await backend.end(sent, status)
        session = sent.session_id
    assert session is not None
    return session


async def answered(backend: Backend, exchanges: int) -> str:
    return await asked(backend, *((Status.COMPLETE, f"A{number}") for number in range(exchanges)))


async def tried_again(backend: Backend, session_id: str, status: Status, text: str) -> None:
    """Another attempt at the newest answer, which has ended."""
    newest = (await backend.store.page("ann", session_id, 1, None)).messages[0]
    again = await backend.retry(newest.id)
    await backend.say(again, text)
    await backend.end(again, status)


async def test_the_past_is_what_lies_before_an_index(backend: Backend) -> None:
    session = await answered(backend, 4)
    assert await told(backend, session, 7, 2) == [("Q1", "A1"), ("Q2", "A2")]


@pytest.mark.parametrize(
    ("limit", "expected"), [(0, []), (1, ["Q2"]), (2, ["Q1", "Q2"]), (9, ["Q0", "Q1", "Q2"])]
)
async def test_the_newest_exchanges_are_told(backend: Backend, limit: int, expected: list[str]) -> None:
    session = await answered(backend, 3)
    assert [question for question, _ in await told(backend, session, END, limit)] == expected


@pytest.mark.parametrize("status", [Status.FAILED, Status.INTERRUPTED])
async def test_failed_answers_do_not_hide_what_was_said_before_them(backend: Backend, status: Status) -> None:
    failed = [(status, "half")] * 50
    session = await asked(backend, (Status.COMPLETE, "A0"), *failed, (Status.COMPLETE, "A51"))
    assert await told(backend, session, END, 20) == [("Q0", "A0"), ("Q51", "A51")]


async def test_a_running_answer_is_not_told(backend: Backend) -> None:
    session = await answered(backend, 1)
    await backend.say(await backend.send("Q1", session=session), "so far")
    assert await told(backend, session, END, 20) == [("Q0", "A0")]


async def test_a_cancelled_answer_counts_if_it_has_text(backend: Backend) -> None:
    session = await asked(backend, (Status.CANCELLED, "half"), (Status.CANCELLED, ""), (Status.COMPLETE, ""))
    assert await told(backend, session, END, 20) == [("Q0", "half")]


async def test_of_several_attempts_the_last_is_told(backend: Backend) -> None:
    session = await asked(backend, (Status.COMPLETE, "A0"), (Status.FAILED, "half"))
    await tried_again(backend, session, Status.COMPLETE, "A1")
    await tried_again(backend, session, Status.COMPLETE, "Better")
    assert await told(backend, session, END, 20) == [("Q0", "A0"), ("Q1", "Better")]


async def test_an_exchange_whose_last_attempt_failed_is_not_told(backend: Backend) -> None:
    session = await answered(backend, 2)
    await tried_again(backend, session, Status.FAILED, "half")
    assert await told(backend, session, END, 20) == [("Q0", "A0")]


async def test_a_new_attempt_is_told_what_stood_before_its_question(backend: Backend) -> None:
    session = await answered(backend, 2)
    newest = (await backend.store.page("ann", session, 1, None)).messages[0]
    again = (await backend.retry(newest.id)).accepted
    assert await told(backend, session, again.index, 20) == [("Q0", "A0")]


async def test_other_sessions_are_not_told(backend: Backend) -> None:
    session = await answered(backend, 1)
    await backend.exchange("elsewhere", content="elsewhere")
    assert await told(backend, session, END, 20) == [("Q0", "A0")]


async def test_the_past_is_looked_for_among_so_many_messages(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await answered(backend, 4)
    monkeypatch.setattr(store_messages, "LOOKED_BACK", 4)
    assert await told(backend, session, 9, 20) == [("Q2", "A2"), ("Q3", "A3")]
