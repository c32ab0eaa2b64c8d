"""A token costs what it did, compared with a naive WebSocket's; and a slower server would be noticed.

`make bench-baseline` renews what it is compared with, after a change that is meant to be faster or slower.
"""

import pytest

from loadtests.bench.guard import TURNS, WORSE, Compared, baseline, compare


@pytest.fixture(scope="module", params=sorted(TURNS))
def chain(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def now(chain: str) -> Compared:
    return compare(chain, baseline()[chain] * WORSE)


def test_a_token_costs_no_third_more_than_it_did(chain: str, now: Compared) -> None:
    before = baseline()[chain]
    assert now.exceeds(before * WORSE) is False, (
        f"{now.ratio:.2f} times a naive WebSocket's CPU for a token, it was {before:.2f}"
    )


def test_a_server_that_is_slower_by_half_is_noticed(chain: str, now: Compared) -> None:
    limit = now.ratio * WORSE  # the baseline, as if it were of today
    slower = compare(chain, limit, burden_us=now.ours_us / 2)
    assert slower.exceeds(limit) is True, f"{slower.ratio:.2f}, {now.ratio:.2f} without its burden"
