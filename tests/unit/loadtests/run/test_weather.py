import random
from itertools import islice, pairwise
from math import inf

import pytest

from loadtests.run.scenarios import SCENARIOS
from loadtests.run.weather import CutAll, Enter, Forget, Leave, Lives, Moment, Restart


def forecast(name: str, duration_s: float, seed: int = 1) -> list[Moment]:
    return list(islice(SCENARIOS[name].weather(duration_s, random.Random(seed)), 1000))


def test_nothing_happens_on_a_steady_network() -> None:
    assert forecast("steady", 3600) == []


@pytest.mark.parametrize("name", ["commuter", "soak"])
def test_commuters_are_cut_every_few_seconds_from_the_beginning_on(name: str) -> None:
    assert forecast(name, 100) == [(0, Lives(6))]


@pytest.mark.parametrize("name", ["commuter", "soak"])
def test_connections_that_fell_silent_do_not_pile_up(name: str) -> None:
    assert forecast(name, 300) == [(0, Lives(6)), (120, Forget(6)), (240, Forget(6))]


def test_a_tunnel_is_thirty_seconds_long_and_there_is_light_between() -> None:
    assert forecast("tunnel", 75) == [(10, Enter()), (40, Leave())]
    long = forecast("tunnel", 600)
    assert [type(deed) for _, deed in long] == [Enter, Leave] * (len(long) // 2)
    assert {after - before for (before, deed), (after, _) in pairwise(long) if deed == Enter()} == {30}


def test_a_short_load_has_a_short_tunnel_and_comes_out_of_it() -> None:
    assert forecast("tunnel", 10) == [(2, Enter()), (6, Leave())]


def test_a_storm_cuts_all_every_fifteen_seconds_in_one_way_or_another() -> None:
    found = forecast("storm", 300)
    assert [at for at, _ in found] == [15.0 * number for number in range(1, 20)]
    assert {deed for _, deed in found} == {CutAll("fin"), CutAll("rst")}
    assert found == forecast("storm", 300), "a seed repeats it"


def test_every_third_deploy_is_a_kill_and_the_second_is_the_first_of_them() -> None:
    kills = [deed.kill for _, deed in forecast("deploy", 200) if isinstance(deed, Restart)]
    assert kills == [False, True, False, False, True, False, False, True, False]


@pytest.mark.parametrize("name", ["tunnel", "storm", "deploy"])
@pytest.mark.parametrize("duration_s", [6, 45, 120])
def test_something_happens_however_short_it_is_and_nothing_after_the_end(
    name: str, duration_s: float
) -> None:
    times = [at for at, _ in forecast(name, duration_s)]
    assert len(times) >= 2
    assert times == sorted(times)
    assert max(times) < duration_s


@pytest.mark.parametrize("name", ["tunnel", "storm", "deploy"])
def test_without_an_end_it_goes_on(name: str) -> None:
    assert len(forecast(name, inf)) == 1000


def test_only_who_restarts_servers_may_interrupt_answers() -> None:
    assert [scenario.name for scenario in SCENARIOS.values() if scenario.may_die] == ["deploy"]
