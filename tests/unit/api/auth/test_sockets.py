from collections.abc import Callable

import pytest
from starlette.requests import HTTPConnection

from api.auth.sockets import SocketLimits, real_address

HERE = "9.9.9.9"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def opened(limits: SocketLimits[str], user_id: str, *sockets: str) -> list[str | None]:
    for socket in sockets:
        assert limits.admit(HERE, socket)
    return [limits.enter(user_id, socket) for socket in sockets]


def test_the_longest_silent_socket_of_the_user_gives_way() -> None:
    limits = SocketLimits[str](per_user=2, per_address=0, clock=Clock())
    assert opened(limits, "anna", "a", "b") == [None, None]
    limits.touch("a")
    assert opened(limits, "anna", "c") == ["b"]


def test_a_socket_gives_way_once() -> None:
    limits = SocketLimits[str](per_user=1, per_address=0, clock=Clock())
    opened(limits, "anna", "a")
    assert opened(limits, "anna", "b", "c") == ["a", "b"]
    limits.leave("a")
    limits.leave("b")
    assert len(limits) == 1


def test_users_do_not_close_each_others_sockets() -> None:
    limits = SocketLimits[str](per_user=1, per_address=0, clock=Clock())
    opened(limits, "anna", "a")
    assert opened(limits, "ben", "b") == [None]


def test_a_renewed_token_counts_no_second_socket() -> None:
    limits = SocketLimits[str](per_user=1, per_address=0, clock=Clock())
    opened(limits, "anna", "a")
    assert limits.enter("anna", "a") is None


def test_a_socket_that_changes_hands_counts_for_its_new_user_alone() -> None:
    limits = SocketLimits[str](per_user=1, per_address=0, clock=Clock())
    opened(limits, "anna", "a")
    assert limits.enter("ben", "a") is None
    assert opened(limits, "anna", "b") == [None]
    assert opened(limits, "ben", "c") == ["a"]


def test_an_address_may_open_so_many() -> None:
    limits = SocketLimits[str](per_user=0, per_address=2)
    assert limits.admit(HERE, "a")
    assert limits.admit(HERE, "b")
    assert not limits.admit(HERE, "c")
    assert limits.admit("9.9.9.10", "d")
    limits.leave("a")
    limits.leave("a")
    assert limits.admit(HERE, "c")
    assert not limits.admit(HERE, "e")


def test_an_unknown_address_is_not_counted() -> None:
    limits = SocketLimits[int](per_user=0, per_address=1)
    assert all(limits.admit(None, number) for number in range(10))


def test_zero_switches_the_limits_off() -> None:
    limits = SocketLimits[str](per_user=0, per_address=0)
    assert opened(limits, "anna", *map(str, range(100))) == [None] * 100


def test_nothing_is_left_of_closed_sockets() -> None:
    limits = SocketLimits[str](per_user=3, per_address=3)
    opened(limits, "anna", "a", "b")
    for socket in ("a", "b", "never opened"):
        limits.leave(socket)
        limits.touch(socket)
    assert len(limits) == 0
    assert not limits._users
    assert not limits._addresses


def test_a_socket_that_another_server_has_chosen_gives_way_once() -> None:
    limits = SocketLimits[str](per_user=2, per_address=0, clock=Clock())
    opened(limits, "anna", "a", "b")
    ((first, _), (second, _)) = limits.silent("anna")
    assert limits.give_way("ben", first) is None, "it is not his"
    assert limits.give_way("anna", first) == "a"
    assert limits.give_way("anna", first) is None
    assert [number for number, _ in limits.silent("anna")] == [second]
    assert opened(limits, "anna", "c") == [None]
    assert limits.leave("a") == (None, HERE), "it counts at its address until it is closed"
    assert limits.leave("b") == ("anna", HERE)
    assert limits.leave("b") == (None, None)


def test_how_long_each_socket_has_been_silent() -> None:
    clock = Clock()
    limits = SocketLimits[str](per_user=3, per_address=3, clock=clock)
    opened(limits, "anna", "a", "b")
    clock.now += 10
    limits.touch("a")
    assert [seconds for _, seconds in limits.silent("anna")] == [1, 12]
    assert limits.silent("ben") == []
    assert (list(limits.users()), list(limits.addresses())) == (["anna"], [HERE])
    assert (limits.at_address(HERE), limits.at_address("9.9.9.10")) == (2, 0)


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        (("9.9.9.9", 5000), False, "9.9.9.9"),
        (("9.9.9.9", 5000), True, "9.9.9.9"),  # not a proxy of ours, whatever it says
        (("127.0.0.1", 5000), False, "127.0.0.1"),
        (("10.0.0.2", 5000), True, None),
        (("9.9.9.9", 0), True, "9.9.9.9"),  # put in place by uvicorn
        (("10.0.0.9", 0), True, "10.0.0.9"),
        (("unix", 5000), True, None),
        (None, False, None),
    ],
)
def test_only_a_real_address_counts(
    connect: Callable[..., HTTPConnection],
    client: tuple[str, int] | None,
    forwarded: bool,
    expected: str | None,
) -> None:
    headers = [("X-Forwarded-For", "198.51.100.1")] if forwarded else []
    assert real_address(connect(*headers, client=client)) == expected
