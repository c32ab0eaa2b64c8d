"""The greatest number of clients is found by few steps."""

import asyncio

import pytest

from loadtests.bench.measures.meter import Usage
from loadtests.bench.measures.most import NARROW, Most, search
from loadtests.bench.measures.paced import Paced

USAGE = Usage(1, 0.5, 0.1, 0)


def searched(limit: int, start: int, *, bound: bool = False) -> tuple[Most, list[int]]:
    """With a server that keeps up with so many clients."""
    asked: list[int] = []

    async def attempt(clients: int) -> Paced:
        asked.append(clients)
        late = 1.0 if clients <= limit else 99.0
        return Paced(clients, late, late, 0, 0, complete=True, client_bound=bound, usage=USAGE)

    return asyncio.run(search(attempt, start)), asked


@pytest.mark.parametrize("limit", [5, 27, 105, 450, 1_500])
@pytest.mark.parametrize("start", [10, 100, 600])
def test_it_is_within_a_tenth_from_wherever_it_begins(limit: int, start: int) -> None:
    found, asked = searched(limit, start)
    assert found.clients <= limit < found.clients * NARROW + 1
    assert len(asked) <= 25
    assert len(asked) == len(set(asked))


def test_a_server_that_keeps_up_with_nobody_has_none() -> None:
    assert searched(0, 100)[0].clients == 0


def test_a_load_at_its_own_end_is_told() -> None:
    assert searched(100, 100, bound=True)[0].client_bound


def test_an_answer_that_did_not_end_is_not_kept_up_with() -> None:
    assert not Paced(1, 1, 1, 0, 0, complete=False, client_bound=False, usage=USAGE).kept_up
