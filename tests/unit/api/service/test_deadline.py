"""Which limit of time comes next, and that others get their turn."""

import asyncio

import pytest

from api.service import deadline as deadline_module
from api.service.contained import Origin, contained_task
from api.service.deadline import ChainTimeoutError, Deadline, GenerationLimits, Turns
from tests.support.clocks import Seconds

pytestmark = pytest.mark.anyio


def deadline(seconds: Seconds, *, first_piece: float = 60, gap: float = 120, total: float = 900) -> Deadline:
    limits = GenerationLimits(first_piece, gap, total, 0)
    found = Deadline(limits)
    found._clock = seconds
    found._end, found._since = seconds() + total, seconds()
    return found


async def test_the_first_piece_the_next_one_and_the_whole_come_in_turn() -> None:
    seconds = Seconds()
    found = deadline(seconds)
    seconds.now += 59
    assert found.left == 1
    found.pause()
    found.next_piece()
    assert found.left == 120
    seconds.now += 119
    assert found.left == 1
    found.pause()
    found.next_piece()
    seconds.now += 710
    found.pause()
    found.next_piece()
    assert found.left == 900 - 59 - 119 - 710


async def test_while_the_database_is_awaited_only_the_whole_counts() -> None:
    seconds = Seconds()
    found = deadline(seconds)
    found.pause()
    seconds.now += 500
    assert found.left > 0
    seconds.now += 401
    assert found.left < 0


async def test_whoever_waits_for_the_first_piece_notices_when_the_next_one_is_due_sooner() -> None:
    seconds = Seconds()
    found = deadline(seconds, first_piece=60, gap=2)
    assert found.left == 2
    seconds.now += 1
    found.pause()
    found.next_piece()
    seconds.now += 1
    assert found.left == 1


async def test_a_chain_that_goes_on_after_its_time_is_told() -> None:
    found = deadline(Seconds())
    found.expired = True
    with pytest.raises(ChainTimeoutError):
        found.next_piece()


@pytest.mark.parametrize(("turn_s", "others"), [(0, 10), (60, 0)])
async def test_others_get_a_turn_when_it_is_due(
    monkeypatch: pytest.MonkeyPatch, turn_s: float, others: int
) -> None:
    monkeypatch.setattr(deadline_module, "TURN_S", turn_s)
    turns, taken = Turns(Origin()), 0

    async def take() -> None:
        nonlocal taken
        while True:
            taken += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(take())
    for _ in range(10):
        if turns.due:
            await turns.give()
    assert taken == others
    other.cancel()


async def test_a_chain_that_waits_by_itself_gives_no_turn_besides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline_module, "TURN_S", 0)
    origin = Origin()

    async def pull() -> list[bool]:
        turns = Turns(origin)
        before = turns.due
        await asyncio.sleep(0)
        return [before, turns.due, turns.due]

    assert await contained_task(pull(), origin) == [True, False, True]
