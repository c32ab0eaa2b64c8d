"""What is asked of the other side, against a model of it that answers late."""

import random
from collections import deque

import pytest

from api.wakeups.channels import Channels, Listener


def nothing(*_: object) -> None:
    pass


def listener() -> Listener:
    return Listener(nothing, nothing)


def test_many_who_come_at_once_are_asked_for_together_and_a_second_listener_not_at_all() -> None:
    channels, first, second = Channels(), listener(), listener()
    channels.add(b"a", first)
    channels.add(b"b", first)
    assert channels.take() == ([b"a", b"b"], [])
    channels.add(b"a", second)
    channels.remove(b"a", first)
    assert channels.take() == ([], [])
    channels.remove(b"a", second)
    channels.remove(b"a", second)
    assert channels.take() == ([], [b"a"])


def test_whoever_leaves_before_anything_was_asked_leaves_nothing_to_ask() -> None:
    channels, one = Channels(), listener()
    channels.add(b"a", one)
    channels.remove(b"a", one)
    assert channels.take() == ([], [])


def test_a_channel_is_active_when_what_was_asked_last_is_confirmed() -> None:
    channels, early, late = Channels(), listener(), listener()
    channels.add(b"a", early)
    channels.take()
    channels.remove(b"a", early)
    channels.take()
    channels.add(b"a", late)
    channels.take()
    for _ in range(2):  # that of the first question, and of the second
        assert channels.confirmed(b"a") == ()
        assert not channels.is_active(b"a")
    assert channels.confirmed(b"a") == (late,)
    assert channels.is_active(b"a")


def test_a_new_connection_is_asked_for_everything_that_is_wanted_by_then() -> None:
    channels, one = Channels(), listener()
    channels.add(b"a", one)
    channels.add(b"b", one)
    channels.take()
    channels.confirmed(b"a")
    channels.remove(b"b", one)
    channels.reset()
    assert not channels.is_active(b"a")
    assert channels.take() == ([b"a"], [])
    assert channels.confirmed(b"a") == (one,)


def test_a_confirmation_of_what_nobody_asked_changes_nothing() -> None:
    channels = Channels()
    assert channels.confirmed(b"a") == ()
    channels.add(b"a", listener())
    assert channels.take() == ([b"a"], [])


class OtherSide:
    """Carries out what it is asked, and confirms it, each when it is told to."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._asked: deque[tuple[bool, bytes]] = deque()
        self._confirmed: deque[bytes] = deque()
        self.subscribed = set[bytes]()
        self.ready = set[Listener]()

    def ask(self) -> None:
        new, old = self._channels.take()
        self._asked.extend([*((True, name) for name in new), *((False, name) for name in old)])

    def carry_out(self) -> None:
        if self._asked:
            wanted, name = self._asked.popleft()
            assert (name in self.subscribed) is not wanted, "nothing is asked for in vain"
            (self.subscribed.add if wanted else self.subscribed.remove)(name)
            self._confirmed.append(name)

    def confirm(self) -> None:
        if self._confirmed:
            name = self._confirmed.popleft()
            for each in self._channels.confirmed(name):
                assert name in self.subscribed
                assert (False, name) not in self._asked, "whoever is ready misses nothing more"
                self.ready.add(each)

    def part(self) -> None:
        self._channels.reset()
        for lost in (self._asked, self._confirmed, self.subscribed, self.ready):
            lost.clear()

    def settle(self) -> None:
        self.ask()
        while self._asked:
            self.carry_out()
        while self._confirmed:
            self.confirm()


@pytest.mark.parametrize("seed", range(50))
def test_in_the_end_exactly_what_is_wanted_is_subscribed_and_everybody_has_become_ready(seed: int) -> None:
    chance, channels = random.Random(seed), Channels()
    other = OtherSide(channels)
    wanted: list[tuple[bytes, Listener]] = []

    def come() -> None:
        name, one = chance.choice([b"a", b"b", b"c"]), listener()
        channels.add(name, one)
        wanted.append((name, one))
        if channels.is_active(name):
            other.ready.add(one)

    def leave() -> None:
        if wanted:
            channels.remove(*wanted.pop(chance.randrange(len(wanted))))

    steps = [come, leave, other.ask, other.carry_out, other.confirm] * 20 + [other.part]
    for _ in range(400):
        chance.choice(steps)()
    other.settle()
    assert other.subscribed == {name for name, _ in wanted}
    assert {one for _, one in wanted} <= other.ready
