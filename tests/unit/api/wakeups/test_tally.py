"""What a user and an address may have open, they may have on all servers together."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from loadtests.cluster.valkey import Valkey
from tests.support.buses import Admin, until
from tests.support.tallies import ELSEWHERE, HERE, LIVELY, PATIENT, Clock, Server, let_in, serving

pytestmark = pytest.mark.anyio

HOUR_S = 3600


@pytest.fixture(autouse=True)
def empty(valkey: Valkey) -> Iterator[None]:
    yield
    valkey.flush()


@pytest.fixture
async def two(valkey: Valkey) -> AsyncIterator[tuple[Server, Server]]:
    """Up to two sockets of a user, and two of an address."""
    a, b = Server(valkey.url, "a"), Server(valkey.url, "b")
    async with serving(a, b):
        yield a, b


async def test_a_ninth_socket_closes_the_one_that_was_silent_longest_on_whichever_server_it_is(
    valkey: Valkey,
) -> None:
    clocks = [Clock(-HOUR_S), Clock(HOUR_S)]  # no machine's clock counts
    a, b = (Server(valkey.url, "ab"[i], per_user=8, clock=clock) for i, clock in enumerate(clocks))
    async with serving(a, b):
        for number, server in enumerate([a, b, b, a, b, a, a, b]):
            await server.open(str(number), user="anna", at=None)
            for clock in clocks:
                clock.now += 1
        a.places.touch("0")
        b.places.touch("1")
        for server in (a, b):
            server.tally.user_changed("anna")
            await server.said()
        for clock in clocks:
            clock.now += 1
        await b.open("ninth", user="anna", at=None)
        assert await b.gave_way.get() == "2"
        await b.open("tenth", user="anna", at=None)
        assert await a.gave_way.get() == "3"
        await a.open("eleventh", user="anna", at=None)
        assert await b.gave_way.get() == "4"
        await a.said()
        assert a.gave_way.empty()
        assert b.gave_way.empty()


async def test_a_socket_that_is_about_to_close_of_itself_gives_way_to_nobody(
    two: tuple[Server, Server],
) -> None:
    a, b = two
    await a.open("first", "second", user="anna")
    a.places.leave("first")
    await a.said()
    await b.open("third", user="anna", at=ELSEWHERE)
    await b.said()
    assert a.gave_way.empty()
    assert b.gave_way.empty()


async def test_users_do_not_close_each_others_sockets(two: tuple[Server, Server]) -> None:
    a, b = two
    await a.open("1", "2", user="anna", at=None)
    await b.open("3", "4", user="ben", at=None)
    await b.said()
    assert a.gave_way.empty()
    assert b.gave_way.empty()


async def test_who_has_spoken_since_is_known_before_long(valkey: Valkey, admin: Admin) -> None:
    clock = Clock()
    a, b = Server(valkey.url, "a", clock=clock, rhythm=LIVELY), Server(valkey.url, "b", clock=clock)
    async with serving(a, b):
        await a.open("chatty", "silent", user="anna")
        await a.said()
        clock.now += 10
        a.places.touch("chatty")
        before = admin.calls("evalsha")
        await until(lambda: admin.calls("evalsha") > before + 8)
        await b.open("new", user="anna", at=ELSEWHERE)
        assert await a.gave_way.get() == "silent"


async def test_one_socket_too_many_of_an_address_is_refused_by_every_server(
    two: tuple[Server, Server],
) -> None:
    a, b = two
    assert await a.open("1")
    assert await b.open("2")
    assert not await a.open("3")
    assert not await b.open("4")
    assert await a.open("5", at=ELSEWHERE)
    assert (len(a.limits), len(b.limits)) == (2, 1)


async def test_leaving_makes_room_at_once(two: tuple[Server, Server]) -> None:
    a, b = two
    assert await a.open("1", "2")
    for number in range(3, 20):
        assert not await b.open(str(number))
        a.places.leave(str(number - 2))
        assert await a.open(str(number)), "on the same server there is nothing to wait for"
        assert not await b.open(str(number))
        a.places.leave(str(number - 1))
        await a.said()
        assert await b.open(str(number))
        b.places.leave(str(number))
        await b.said()
        assert await a.open(str(number - 1))


async def test_of_a_crowd_exactly_as_many_get_in_as_may(valkey: Valkey) -> None:
    servers = [Server(valkey.url, name, per_address=50) for name in "abc"]
    async with serving(*servers):
        crowd = [server.open(f"{server.bus.name}{number}") for number in range(40) for server in servers]
        assert sum(await asyncio.gather(*crowd)) == 50
        assert sum(len(server.limits) for server in servers) == 50
        assert not await servers[0].open("late")


async def test_an_unknown_address_is_not_counted(two: tuple[Server, Server]) -> None:
    a, b = two
    for number in range(10):
        assert await a.open(str(number), at=None)
        assert await b.open(str(number), at=None)


async def test_a_server_that_has_ended_makes_room_at_once(valkey: Valkey) -> None:
    a, b = Server(valkey.url, "a"), Server(valkey.url, "b")
    async with serving(a, b):
        await a.open("1", "2", user="anna")
        await a.said()
        assert not await b.open("3")
        await a.bus.close()
        await let_in(b, "3", user="anna")
        assert await b.open("4", user="anna")
        await b.said()
        assert b.gave_way.empty(), "whom a dead server had counts no more"


async def test_a_server_that_says_nothing_any_more_makes_room_after_a_while(valkey: Valkey) -> None:
    dumb = Server(valkey.url, "a")
    b = Server(valkey.url, "b", rhythm=LIVELY)
    async with serving(dumb, b):
        await dumb.open("1", "2", user="anna")
        await dumb.said()
        began = asyncio.get_running_loop().time()
        await let_in(b, "3", user="anna")
        assert asyncio.get_running_loop().time() - began > LIVELY.stale_s - 0.1
        await b.said()
        assert dumb.gave_way.empty()


async def test_a_server_that_lives_counts_however_silent_its_sockets_are(valkey: Valkey) -> None:
    a, b = (Server(valkey.url, name, rhythm=LIVELY) for name in "ab")
    async with serving(a, b):
        await a.open("1", "2", user="anna")
        await asyncio.sleep(2 * LIVELY.stale_s)
        assert not await b.open("3")


async def test_nothing_is_left_of_closed_sockets_and_nothing_stays_for_ever(
    two: tuple[Server, Server], admin: Admin
) -> None:
    a, b = two
    await a.open("1", user="anna")
    await b.open("2", user="anna")
    for server in two:
        await server.said()
    keys = admin.client.keys("steadychat:sockets:*")
    assert sorted(keys) == [f"steadychat:sockets:address:{HERE}".encode(), b"steadychat:sockets:user:anna"]
    assert all(0 < admin.client.pttl(key) <= 1000 * PATIENT.stale_s for key in keys)
    a.places.leave("1")
    b.places.leave("2")
    for server in two:
        await server.said()
    assert admin.client.keys("steadychat:*") == []


async def test_limits_that_are_off_cost_nothing(valkey: Valkey, admin: Admin) -> None:
    a = Server(valkey.url, "a", per_user=0, per_address=0, rhythm=LIVELY)
    async with serving(a):
        for number in range(20):
            assert await a.open(str(number), user="anna")
        await asyncio.sleep(2 * LIVELY.refresh_s)
        await a.said()
        assert admin.client.keys("steadychat:*") == []


async def test_servers_that_allow_different_numbers_agree_after_all(valkey: Valkey) -> None:
    strict, lax = Server(valkey.url, "a", per_user=1), Server(valkey.url, "b", per_user=3)
    async with serving(strict, lax):
        await lax.open("1", "2", user="anna")
        await lax.said()
        await strict.open("3", user="anna", at=ELSEWHERE)
        assert {await lax.gave_way.get(), await lax.gave_way.get()} == {"1", "2"}
