import time

import pytest

from api.auth.rates import Rates


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds."""
    moment = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return moment


def test_a_user_may_send_so_many_in_any_minute(now: list[float]) -> None:
    rates = Rates(2)
    assert rates.allow("anna") is None
    now[0] += 40
    assert rates.allow("anna") is None
    assert rates.allow("anna") == pytest.approx(20_000, abs=1)
    now[0] += 21
    assert rates.allow("anna") is None
    assert rates.allow("anna") is not None


def test_one_user_does_not_use_up_anothers_share(now: list[float]) -> None:
    rates = Rates(1)
    assert rates.allow("anna") is None
    assert rates.allow("ben") is None
    assert rates.allow("anna") is not None


def test_refusals_cost_nothing(now: list[float]) -> None:
    rates = Rates(1)
    rates.allow("anna")
    now[0] += 59
    assert rates.allow("anna") is not None
    now[0] += 2
    assert rates.allow("anna") is None


def test_many_at_once_cost_as_many(now: list[float]) -> None:
    rates = Rates(3)
    assert rates.allow("anna", cost=4) is not None
    assert rates.allow("anna", cost=3) is None
    assert rates.allow("anna") is not None


def test_zero_switches_the_limit_off() -> None:
    rates = Rates(0)
    assert all(rates.allow("anna") is None for _ in range(1000))


def test_what_was_reserved_and_not_sent_costs_nothing() -> None:
    rates = Rates(1)
    for _ in range(3):
        assert rates.reserve("u") is None
        rates.settle("u", counted=False)
    assert rates.reserve("u") is None
    rates.settle("u", counted=True)
    assert rates.reserve("u") is not None


def test_what_is_reserved_is_taken_into_account_until_it_is_settled() -> None:
    rates = Rates(2)
    assert rates.reserve("u") is None
    assert rates.reserve("u") is None
    assert rates.reserve("u") is not None
    assert rates.reserve("somebody else") is None


def test_whoever_has_sent_nothing_for_a_minute_is_forgotten(now: list[float]) -> None:
    rates = Rates(2)
    for user in ("anna", "ben"):
        rates.allow(user)
        now[0] += 30
    now[0] += 10
    rates.allow("carl")
    assert set(rates._sent) == {"ben", "carl"}
    now[0] += 61
    assert rates.reserve("ben") is None, "its window is empty by now"
    rates.allow("anna")
    assert set(rates._sent) == {"anna"}
