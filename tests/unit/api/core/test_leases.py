"""Who is lost: seen with the same beat for a whole lease, by one who could have seen it change."""

import itertools

import pytest

from api.core.leases import BEAT_S, LATE_S, LEASE_S, Lease, Leases, Watch


def seen(beat: int | None) -> Leases:
    """One answer of the process `other`."""
    return Leases([Lease("m", "s", "other", beat)], {} if beat is None else {"other": beat})


def looked(*looks: tuple[float, int | None]) -> Watch:
    watch = Watch()
    for now, beat in looks:
        watch.look(seen(beat), now)
    return watch


@pytest.mark.parametrize("beat", [3, None], ids=["with a beat", "without any"])
def test_an_owner_that_stands_still_for_a_lease_is_lost(beat: int | None) -> None:
    watch = looked((0, beat), (5, beat), (10, beat))
    assert not watch.lost("other", beat, 14.9)
    assert watch.lost("other", beat, 15)


def test_a_beat_begins_the_count_anew() -> None:
    watch = looked((0, 3), (5, 3), (10, 4), (15, 4), (20, 4))
    assert not watch.lost("other", 4, 24.9)
    assert watch.lost("other", 4, 25)


def test_one_that_beats_as_it_should_is_never_lost() -> None:
    watch = Watch()
    for number in range(100):
        watch.look(seen(number // 2), number * BEAT_S)
        assert not watch.lost("other", number // 2, number * BEAT_S)


def test_a_beat_that_came_after_the_last_look_counts() -> None:
    assert not looked((0, 3), (5, 3), (10, 3)).lost("other", 4, 15)


def test_whoever_was_never_seen_is_not_lost() -> None:
    assert not Watch().lost("other", None, 1000)
    assert not looked((0, 3), (5, 3), (10, 3)).lost("stranger", None, 15)


def test_a_late_look_tells_nothing_of_the_time_before_it() -> None:
    late = 10 + LATE_S + 0.1
    watch = looked((0, 3), (5, 3), (10, 3), (late, 3))
    assert not watch.lost("other", 3, late)
    for now in (late + 5, late + 10):
        watch.look(seen(3), now)
    assert not watch.lost("other", 3, late + LEASE_S - 0.1)
    assert watch.lost("other", 3, late + LEASE_S)


def test_a_request_long_after_the_last_look_finds_nobody_lost() -> None:
    assert not looked((0, 3), (5, 3), (10, 3)).lost("other", 3, 10 + LATE_S + 0.1)


def test_a_look_that_failed_begins_the_count_anew() -> None:
    watch = looked((0, 3), (5, 3), (10, 3))
    watch.failed()
    assert not watch.lost("other", 3, 15)
    watch.look(seen(3), 15)
    assert not watch.lost("other", 3, 29.9)
    for now in (20, 25):
        watch.look(seen(3), now)
    assert watch.lost("other", 3, 30)


def test_no_pause_of_looks_that_came_in_time_takes_an_owners_chance_to_beat() -> None:
    """However looks fall, between the first and the last of a count lie at least two that came in time."""
    for gaps in itertools.product((BEAT_S, LATE_S, LATE_S + 0.1), repeat=4):
        watch, now = looked((0, 3)), 0.0
        for looks, gap in enumerate(gaps, 1):
            now += gap
            watch.look(seen(3), now)
            assert not (watch.lost("other", 3, now) and looks < 2)
