import pytest

from api.auth.places import GiveWay, MakeTally, Places
from api.auth.sockets import SocketLimits

pytestmark = pytest.mark.anyio

HERE = "9.9.9.9"


class Counted:
    """A tally that has room or not, and notes what it is told."""

    def __init__(self, *, room: bool = True) -> None:
        self.has_room = room
        self.told: list[str] = []

    def __call__(self, _open: SocketLimits[str], give_way: GiveWay) -> "Counted":
        self.give_way = give_way
        return self

    async def room(self, at: str) -> bool:
        self.told.append(f"room {at}")
        return self.has_room

    def user_changed(self, user_id: str) -> None:
        self.told.append(user_id)

    def address_changed(self, at: str) -> None:
        self.told.append(at)


def alone(_open: SocketLimits[str], _give_way: GiveWay) -> None:
    """Has no others."""


def places(tally: MakeTally[str], *, per_address: int = 2) -> tuple[Places[str], list[str]]:
    """One socket for each user; and whom it was full for."""
    full: list[str] = []
    return Places(SocketLimits[str](1, per_address), tally, full.append), full


async def test_a_lone_server_has_the_limits_by_itself() -> None:
    some, full = places(alone)
    assert await some.admit(HERE, "a")
    assert await some.admit(HERE, "b")
    assert not await some.admit(HERE, "c")
    some.enter("anna", "a")
    some.enter("anna", "b")
    assert full == ["a"]
    some.leave("a")
    assert await some.admit(HERE, "c")
    assert len(some) == 2


async def test_where_the_others_have_no_room_there_is_none_and_nothing_stays_of_it() -> None:
    tally = Counted(room=False)
    some, _ = places(tally)
    assert not await some.admit(HERE, "a")
    some.leave("a")
    assert len(some) == 0
    assert tally.told == [f"room {HERE}"], "it never counted"


async def test_whom_this_server_refuses_the_others_are_not_asked_about() -> None:
    tally = Counted()
    some, _ = places(tally, per_address=1)
    await some.admit(HERE, "a")
    tally.told.clear()
    assert not await some.admit(HERE, "b")
    assert await some.admit(None, "c"), "an unknown address is not counted"
    assert tally.told == []


async def test_the_others_are_told_who_comes_and_goes() -> None:
    tally = Counted()
    some, _ = places(tally)
    await some.admit(HERE, "a")
    some.enter("anna", "a")
    some.leave("a")
    some.leave("a")
    assert tally.told == [f"room {HERE}", "anna", "anna", HERE]


async def test_whom_the_others_have_chosen_gives_way_once() -> None:
    tally = Counted()
    some, full = places(tally)
    await some.admit(HERE, "a")
    some.enter("anna", "a")
    for number in (1, 1, 2):
        tally.give_way("anna", number)
    assert full == ["a"]
