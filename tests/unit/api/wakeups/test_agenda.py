import asyncio
from collections.abc import Callable

import pytest

from api.auth.sockets import SocketLimits
from api.wakeups.agenda import AT_ONCE, Agenda, address, user
from api.wakeups.counting import OpenAtAddress, OpenOfUser

pytestmark = pytest.mark.anyio


class Here:
    """What is open on a server, and what it has to say of it."""

    def __init__(self, per_user: int = 8, per_address: int = 50) -> None:
        self.limits = SocketLimits[str](per_user, per_address, lambda: 0)
        self.agenda = Agenda(self.limits)

    def open(self, socket: str, at: str, user_id: str) -> None:
        self.limits.admit(at, socket)
        self.limits.enter(user_id, socket)

    def ask(self, at: str, socket: str) -> "tuple[asyncio.Future[bool], Callable[[], None]]":
        self.limits.admit(at, socket)
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        return waiting, self.agenda.ask(at, waiting)


@pytest.fixture
async def here() -> Here:
    return Here()


async def test_what_is_said_is_as_it_is_when_it_is_said(here: Here) -> None:
    here.open("a", "x", "anna")
    here.agenda.change(user("anna"))
    here.agenda.change(address("x"))
    here.agenda.change(user("anna"))
    here.open("b", "x", "anna")
    batch = here.agenda.take()
    assert batch.subjects == [user("anna"), address("x")]
    assert batch.said == [OpenOfUser(8, [(1, 0), (2, 0)]), OpenAtAddress(50, 2, 0)]
    assert not here.agenda


async def test_those_who_ask_get_in_in_their_order_as_far_as_there_is_room(here: Here) -> None:
    here.open("a", "x", "anna")
    futures = [here.ask("x", socket)[0] for socket in "bcd"]
    elsewhere, _ = here.ask("y", "e")
    batch = here.agenda.take()
    assert batch.said == [OpenAtAddress(50, 1, 3), OpenAtAddress(50, 0, 1)]
    batch.settle([2, 0])
    assert [each.result() for each in (*futures, elsewhere)] == [True, True, False, False]


async def test_who_has_ceased_to_wait_is_counted_and_not_asked_for(here: Here) -> None:
    _, leave = here.ask("x", "a")
    stays, _ = here.ask("x", "b")
    leave()
    leave()
    batch = here.agenda.take()
    assert batch.said == [OpenAtAddress(50, 1, 1)]
    stays.cancel()
    batch.settle([1])
    leave()


@pytest.mark.parametrize("taken", [False, True])
async def test_where_nobody_answers_all_get_in(here: Here, taken: bool) -> None:
    futures = [here.ask("x", socket)[0] for socket in "ab"]
    abandon = here.agenda.take().abandon if taken else here.agenda.clear
    abandon()
    assert [each.result() for each in futures] == [True, True]
    assert not here.agenda


async def test_what_is_urgent_comes_before_what_is_said_again(here: Here) -> None:
    for number in range(AT_ONCE):
        here.open(str(number), f"at-{number}", f"user-{number}")
    here.agenda.refresh()
    here.agenda.change(user("user-7"))
    here.ask("at-9", "new")
    said = [here.agenda.take().subjects]
    assert said[0][:2] == [address("at-9"), user("user-7")]
    while here.agenda:
        said.append(here.agenda.take().subjects)
    assert max(map(len, said)) <= AT_ONCE
    each = [subject for subjects in said for subject in subjects]
    assert len(each) == len(set(each)) == 2 * AT_ONCE


@pytest.mark.parametrize(("limits", "said"), [((0, 5), ["address:x"]), ((5, 0), ["user:anna"]), ((0, 0), [])])
async def test_limits_that_are_off_are_not_spoken_of(limits: tuple[int, int], said: list[str]) -> None:
    here = Here(*limits)
    here.open("a", "x", "anna")
    here.agenda.refresh()
    assert list(here.agenda.take().subjects) == said
