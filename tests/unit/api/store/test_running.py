"""Whoever is told that something runs is told of what runs now, and of their own."""

from functools import partial

import pytest

from api.core.lifecycle import Status
from api.store.running import running_in, running_of
from tests.support.backends import Backend, Sent

pytestmark = pytest.mark.anyio


async def of(backend: Backend, user: str) -> int:
    return await backend.database.readers.read(partial(running_of, user_id=user))


async def within(backend: Backend, sent: Sent) -> str | None:
    return await backend.database.readers.read(partial(running_in, session_id=sent.session_id))


async def test_nothing_runs_where_nobody_has_asked(backend: Backend) -> None:
    assert await of(backend, "ann") == 0
    sent = await backend.exchange()
    assert await of(backend, "ann") == 0
    assert await within(backend, sent) is None


async def test_an_answer_runs_from_its_acceptance_to_its_end(backend: Backend) -> None:
    sent = await backend.send()
    assert (await of(backend, "ann"), await within(backend, sent)) == (1, sent.answer_id)
    await backend.say(sent, "a")
    assert (await of(backend, "ann"), await within(backend, sent)) == (1, sent.answer_id)
    await backend.end(sent, Status.CANCELLED)
    assert (await of(backend, "ann"), await within(backend, sent)) == (0, None)


async def test_a_further_attempt_runs_in_the_place_of_the_first(backend: Backend) -> None:
    first = await backend.exchange()
    again = await backend.retry(first.answer_id)
    assert (await of(backend, "ann"), await within(backend, first)) == (1, again.answer_id)


async def test_each_is_told_of_their_own(backend: Backend) -> None:
    sent = [await backend.send(user=user) for user in ("ann", "bob", "ann")]
    assert [await of(backend, user) for user in ("ann", "bob", "eve")] == [2, 1, 0]
    assert [await within(backend, each) for each in sent] == [each.answer_id for each in sent]
