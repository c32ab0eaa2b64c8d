import pytest

from loadtests.protocol.backoff import Backoff, Liveness, Pace


@pytest.mark.parametrize(("factor", "random"), [(0.8, 0.0), (1.0, 1.0)])
def test_waits_double_up_to_thirty_seconds_times_a_random_factor(factor: float, random: float) -> None:
    backoff = Backoff(Pace(), lambda: random)
    waits = [backoff.closed(0) for _ in range(8)]
    assert waits == pytest.approx([factor * step for step in (1, 2, 4, 8, 16, 30, 30, 30)])


def test_it_starts_over_only_after_a_connection_that_lasted() -> None:
    backoff = Backoff(Pace(), lambda: 1.0)
    assert [backoff.closed(0), backoff.closed(4.9), backoff.closed(5), backoff.closed(0)] == [1, 2, 1, 2]


def test_rest_waits_up_to_thirty_seconds_for_ever() -> None:
    assert [Pace().rest_delay(attempt) for attempt in (0, 1, 2, 3, 4, 5, 5000)] == [1, 2, 4, 8, 16, 30, 30]


def test_silence_leads_to_a_ping_and_more_of_it_to_the_end() -> None:
    liveness = Liveness(30, 10, now=100)
    assert (liveness.look(129.9), liveness.look(130)) == ("alive", "ping")
    assert (liveness.due(), liveness.look(139), liveness.look(140)) == (140, "alive", "dead")


def test_any_frame_after_a_ping_is_life() -> None:
    liveness = Liveness(30, 10, now=100)
    assert liveness.look(130) == "ping"
    liveness.heard(135)
    assert (liveness.due(), liveness.look(164), liveness.look(165)) == (165, "alive", "ping")


def test_haste_divides_every_time_and_leaves_open_what_the_server_says() -> None:
    pace = Pace(heartbeat_s=30).hastened(10)
    assert (pace.steps, pace.heartbeat_s, pace.rest_longest_s) == ((0.1, 0.2, 0.4, 0.8, 1.6, 3), 3, 3)
    assert Pace().hastened(10).heartbeat_s is None
