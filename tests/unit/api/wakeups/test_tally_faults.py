"""Whatever becomes of Redis, nobody waits long for it, and each server keeps to the limits by itself."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from loadtests.cluster.valkey import Valkey
from tests.support.buses import LOOK_S, QUICK, Admin, until
from tests.support.tallies import ELSEWHERE, LIVELY, PATIENT, Clock, Server, let_in, serving

pytestmark = pytest.mark.anyio

SLOW = replace(QUICK, quiet_s=30, answer_s=30)
"""Notices a frozen Redis long after the test has ended."""
HASTY = replace(LIVELY, wait_s=0.25)
PROMPT_S = 0.1
NEVER_S = 60


@pytest.fixture
def frail(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path) as running:
        yield running


async def seconds(server: Server, *sockets: str) -> float:
    """How long it takes to open them here, one after another."""
    began = time.monotonic()
    assert await server.open(*sockets, at=ELSEWHERE)
    return time.monotonic() - began


async def works(*servers: Server) -> None:
    await until(lambda: all(server.bus.trouble is None for server in servers))


async def refuses(server: Server) -> None:
    """Sooner or later."""
    while await server.open("one too many"):
        server.places.leave("one too many")
        await asyncio.sleep(LOOK_S)


async def test_without_redis_each_server_has_its_own_limits_and_when_it_comes_they_hold_together(
    frail: Valkey,
) -> None:
    frail.stop()
    a, b = Server(frail.url, "a"), Server(frail.url, "b")
    try:
        for server in (a, b):
            await server.bus.start()
            assert await seconds(server, "1", "2") < PROMPT_S
            assert not await server.open("3", at=ELSEWHERE)
            for socket in "12":
                server.places.enter("anna", socket)
            assert await server.open("3", user="anna")
            assert await server.gave_way.get() == "1"
        frail.start()
        await works(a, b)
        await until(lambda: a.gave_way.qsize() + b.gave_way.qsize() == 2)
        assert not await a.open("4", at=ELSEWHERE)
        assert not await b.open("4", at=ELSEWHERE)
    finally:
        for server in (a, b):
            await server.bus.close()


@pytest.mark.parametrize("loss", ["flush", "restart", "script flush"])
async def test_what_redis_has_forgotten_it_is_told_again(frail: Valkey, loss: str) -> None:
    clock = Clock()
    a, b = (Server(frail.url, name, clock=clock, rhythm=LIVELY) for name in "ab")
    async with serving(a, b):
        await a.open("1", user="anna")
        clock.now += 10
        await b.open("2", user="anna")
        await refuses(a)
        if loss == "restart":
            frail.kill()
            frail.start()
        else:
            admin = Admin(frail.url)
            admin.client.execute_command(*("FLUSHALL" if loss == "flush" else loss).split())  # type: ignore[no-untyped-call]
            admin.client.close()
        await refuses(b)
        await refuses(a)
        await works(a, b)
        await b.open("3", user="anna", at=ELSEWHERE)
        assert await a.gave_way.get() == "1"


async def test_a_frozen_redis_is_waited_for_once_and_not_again(frail: Valkey) -> None:
    a = Server(frail.url, "a", per_address=100, pace=SLOW, rhythm=HASTY)
    async with serving(a):
        await a.said()
        frail.freeze()
        assert HASTY.wait_s <= await seconds(a, "1") < HASTY.wait_s + PROMPT_S
        assert await seconds(a, *map(str, range(2, 50))) < PROMPT_S
        frail.thaw()


async def test_a_frozen_redis_is_noticed_and_works_again_when_it_thaws(frail: Valkey) -> None:
    a, b = (Server(frail.url, name, rhythm=HASTY) for name in "ab")
    async with serving(a, b):
        assert await a.open("1", "2", user="anna")
        await refuses(b)
        frail.freeze()
        await until(lambda: a.bus.trouble == b.bus.trouble == "it does not answer")
        assert await seconds(b, "1", "2") < PROMPT_S, "nobody waits any more"
        b.places.enter("anna", "1")
        frail.thaw()
        await refuses(b)
        await until(lambda: a.gave_way.qsize() == 1)


async def test_a_slow_redis_is_waited_for_as_long_as_it_takes_but_not_longer(frail: Valkey) -> None:
    admin = Admin(frail.url)
    a, b = (Server(frail.url, name, pace=SLOW, rhythm=replace(PATIENT, wait_s=0.25)) for name in "ab")
    async with serving(a, b):
        await a.open("1", "2")
        admin.client.client_pause(100)
        began = time.monotonic()
        assert not await b.open("3")
        assert 0.05 < time.monotonic() - began < 0.25, "it was waited for"
        admin.client.client_pause(1000)
        began = time.monotonic()
        assert await b.open("3"), "by what this server knows there is room"
        assert time.monotonic() - began < 0.25 + PROMPT_S
        await refuses(b)
    admin.client.close()


async def test_whoever_waits_is_let_in_when_the_connection_breaks(frail: Valkey) -> None:
    a = Server(frail.url, "a", pace=SLOW, rhythm=replace(PATIENT, wait_s=NEVER_S))
    async with serving(a):
        frail.freeze()
        opening = asyncio.create_task(a.open("1"))
        await asyncio.sleep(0)
        frail.kill()
        assert await opening


async def test_what_was_left_while_redis_could_not_be_reached_counts_no_more(frail: Valkey) -> None:
    admin = Admin(frail.url)
    a, b = Server(frail.url, "a"), Server(frail.url, "b")
    async with serving(a, b):
        await a.open("1", "2")
        await refuses(b)
        admin.client.client_kill_filter(_type="normal", skipme=True)
        a.places.leave("1")
        a.places.leave("2")
        await let_in(b, "3")
    admin.client.close()


async def test_a_user_without_the_keys_is_trouble_that_does_not_come_and_go(frail: Valkey) -> None:
    admin = Admin(frail.url)
    admin.client.execute_command("ACL", "SETUSER", "ann", "on", "nopass", "+@all", "allchannels")  # type: ignore[no-untyped-call]
    a = Server(frail.url.replace("//", "//ann:any@"), "a")
    with capture_logs() as noted:
        await a.bus.start()
        await until(lambda: "keys" in str(a.bus.trouble))
        attempts = admin.calls("evalsha")
        await until(lambda: admin.calls("script|load") > attempts + 5)
        assert await seconds(a, "1") < PROMPT_S
        admin.client.execute_command("ACL", "SETUSER", "ann", "~steadychat:*")  # type: ignore[no-untyped-call]
        await works(a)
        await a.bus.close()
    assert len(noted) == 2
    admin.client.close()


@pytest.mark.usefixtures("no_collections")
async def test_many_sockets_neither_hold_up_the_loop_nor_one_that_comes(frail: Valkey) -> None:
    a = Server(frail.url, "a", rhythm=replace(PATIENT, refresh_s=0.3))
    async with serving(a):
        for number in range(10_000):
            assert a.limits.admit(f"address-{number}", str(number))
            a.limits.enter(f"user-{number}", str(number))
        turns = [time.monotonic()]
        while turns[-1] < turns[0] + 1.5:
            await asyncio.sleep(0)
            turns.append(time.monotonic())
            if len(turns) % 100 == 0:
                assert await a.open("new", at=ELSEWHERE)
                a.places.leave("new")
        assert max(after - before for before, after in pairwise(turns)) < 0.25
        with Admin(frail.url).client as client:
            assert client.dbsize() == 20_000


async def test_while_redis_is_away_nothing_is_kept_for_it(frail: Valkey) -> None:
    frail.stop()
    a = Server(frail.url, "a")
    await a.bus.start()
    for number in range(100):
        await a.open("socket", user=f"user-{number}", at=f"address-{number}")
        a.places.leave("socket")
    assert not a.tally._agenda
    await a.bus.close()
