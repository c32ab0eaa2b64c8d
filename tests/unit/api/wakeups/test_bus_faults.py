"""Whatever becomes of Redis costs messages, and nothing else."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from api.wakeups.bus import Bus
from api.wakeups.outbox import MOST_BYTES
from api.wakeups.trouble import CONNECTING
from loadtests.cluster.valkey import Valkey
from tests.support.buses import QUICK, Admin, Ear, running, until

pytestmark = pytest.mark.anyio

PROMPT_S = 1.0
PATIENT = replace(QUICK, quiet_s=30, answer_s=30)
"""Notices a frozen server long after the test has ended."""


@pytest.fixture
def frail(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path) as running:
        yield running


async def hears(said: Bus, heard: Bus, channel: str = "proof") -> None:
    ear = Ear(heard, channel)
    await ear.ready()
    await until(lambda: said.trouble is None)
    said.say(channel, b"words")
    assert await ear.next() == b"words"
    ear.leave()


async def test_it_starts_without_redis_and_works_when_that_comes(frail: Valkey) -> None:
    frail.stop()
    buses = [Bus(frail.url, name=name, pace=QUICK) for name in ("a", "b")]
    with capture_logs() as noted:
        for bus in buses:
            assert bus.trouble == CONNECTING
            await bus.start()
        ear = Ear(buses[1], "c")
        await until(lambda: [bus.trouble for bus in buses] == ["nobody listens where it should be"] * 2)
        buses[0].say("c", b"lost")
        frail.start()
        await ear.ready()
        await hears(buses[0], buses[1])
        assert (buses[0].lost, ear.rest()) == (1, [])
        for bus in buses:
            await until(lambda bus=bus: bus.trouble is None)  # type: ignore[misc]  # a default is no argument
            await bus.close()
    assert sorted(each["event"] for each in noted) == [
        *["redis can be used again"] * 2,
        *["redis cannot be used"] * 2,
    ]


async def test_a_wrong_password_is_trouble_until_it_is_the_right_one(frail: Valkey) -> None:
    admin = Admin(frail.url)
    admin.client.config_set("requirepass", "right")
    url = frail.url.replace("//", "//:secret@")
    bus = Bus(url, name="a", pace=QUICK)
    with capture_logs() as noted:
        await bus.start()
        await until(lambda: bus.trouble == "it refuses the user or the password")
        admin.client.config_set("requirepass", "secret")
        await until(lambda: bus.trouble is None)
        await bus.close()
    assert len(noted) == 2
    assert "secret" not in str(noted)
    admin.client.close()


async def test_a_user_without_the_channels_is_trouble_that_does_not_come_and_go(frail: Valkey) -> None:
    admin = Admin(frail.url)
    admin.client.execute_command("ACL", "SETUSER", "ann", "on", "nopass", "+@all", "resetchannels")  # type: ignore[no-untyped-call]
    bus = Bus(frail.url.replace("//", "//ann:any@"), name="a", pace=QUICK)
    with capture_logs() as noted:
        await bus.start()
        await until(lambda: str(bus.trouble).startswith("it refuses this user its channels"))
        attempts = admin.calls("subscribe")
        await until(lambda: admin.calls("auth") > 10)
        assert admin.calls("subscribe") == attempts
        admin.client.execute_command("ACL", "SETUSER", "ann", "&steadychat:*")  # type: ignore[no-untyped-call]
        await until(lambda: bus.trouble is None)
        await bus.close()
    assert len(noted) == 2
    admin.client.close()


async def test_after_each_lost_connection_everybody_is_told_to_be_ready_again(frail: Valkey) -> None:
    admin = Admin(frail.url)
    async with running(frail.url, "a", "b") as (a, b):
        ears = [Ear(b, f"channel-{number}") for number in range(2000)]
        for _ in range(3):
            for ear in ears:
                await ear.ready()
            calls = admin.calls("subscribe")
            admin.part()
        for ear in ears:
            await ear.ready()
        assert admin.calls("subscribe") - calls < 12, "both buses, in batches"
        await hears(a, b, "channel-1999")
        assert sum(ear.more_readies for ear in ears[:-1]) == 0
    admin.client.close()


async def test_what_was_left_while_redis_was_away_is_not_subscribed_again(frail: Valkey) -> None:
    async with running(frail.url, "a", "b") as (a, b):
        old, stays = Ear(b, "old"), Ear(b, "stays")
        await old.ready()
        await stays.ready()
        frail.kill()
        await until(lambda: a.trouble is not None and b.trouble is not None)
        old.leave()
        new = Ear(b, "new")
        frail.start()
        await new.ready()
        await stays.ready()
        await hears(a, b)
        with Admin(frail.url).client as client:
            assert client.pubsub_numsub("steadychat:old", "steadychat:new") == [
                (b"steadychat:old", 0),
                (b"steadychat:new", 1),
            ]


async def test_a_restart_costs_what_was_said_meanwhile_and_nothing_else(frail: Valkey) -> None:
    async with running(frail.url, "a", "b") as (a, b):
        ear = Ear(b, "c")
        await ear.ready()
        frail.stop()
        await until(lambda: a.trouble is not None and b.trouble is not None)
        a.say("c", b"lost")
        frail.start()
        await ear.ready()
        await until(lambda: a.trouble is None)
        a.say("c", b"heard")
        assert await ear.next() == b"heard"
        await hears(a, b)
    assert a.lost == 1


async def test_a_flush_costs_nothing(frail: Valkey) -> None:
    async with running(frail.url, "a", "b") as (a, b):
        ear = Ear(b, "c")
        await ear.ready()
        frail.flush()
        a.say("c", b"heard")
        assert await ear.next() == b"heard"
        assert ear.more_readies == 0
        assert a.lost == 0


async def test_one_that_is_well_is_asked_from_time_to_time_and_never_parted_from(frail: Valkey) -> None:
    admin = Admin(frail.url)
    async with running(frail.url, "a", "b") as (a, b):
        ear = Ear(b, "c")
        await ear.ready()
        with capture_logs() as noted:
            await until(lambda: admin.calls("ping") >= 4 * 3)  # of both connections of both
        assert noted == []
        a.say("c", b"heard")
        assert await ear.next() == b"heard"
        assert ear.more_readies == 0
    admin.client.close()


async def test_a_frozen_server_is_noticed_though_nothing_is_said_and_works_again_when_it_thaws(
    frail: Valkey,
) -> None:
    async with running(frail.url, "a", "b") as (a, b):
        ear = Ear(b, "c")
        await ear.ready()
        with capture_logs() as noted:
            frail.freeze()
            began = time.monotonic()
            await until(lambda: a.trouble == b.trouble == "it does not answer")
            assert time.monotonic() - began < PROMPT_S
            a.say("c", b"lost")
            await asyncio.sleep(1)  # several attempts fail
            assert a.lost > 0
            frail.thaw()
            await ear.ready()
            await until(lambda: a.trouble is None)
            a.say("c", b"heard")
            while await ear.next() != b"heard":
                pass
            await until(lambda: b.trouble is None)
        assert len(noted) == 4, "each has said twice"


@pytest.mark.usefixtures("no_collections")
async def test_a_frozen_server_neither_holds_up_the_loop_nor_fills_the_memory(frail: Valkey) -> None:
    async with running(frail.url, "a", "b", pace=PATIENT) as (a, b):
        ear = Ear(b, "c")
        await ear.ready()
        frail.freeze()
        message, turns = bytes(2**16), list[float]()
        for _ in range(2000):  # 125 MiB
            a.say("c", message)
            b.listen("c", print)()
            Ear(b, "d").leave()
            turns.append(time.monotonic())
            await asyncio.sleep(0)
        assert a.trouble is None, "it has not noticed yet"
        assert max(after - before for before, after in pairwise(turns)) < 0.25
        assert (2000 - a.lost) * len(message) < 3 * MOST_BYTES, "that is held, and on its way"


async def test_it_ends_at_once_while_the_server_is_frozen_and_takes_nothing_more(frail: Valkey) -> None:
    async with running(frail.url, "a", pace=PATIENT) as (bus,):
        frail.freeze()
        bus.say("c", bytes(MOST_BYTES - 100))  # more than the system keeps for it
        for _ in range(3):
            await asyncio.sleep(0)
        began = time.monotonic()
        await bus.close()
        assert time.monotonic() - began < PROMPT_S


async def test_it_ends_at_once_while_a_frozen_server_lets_nobody_in(frail: Valkey) -> None:
    frail.freeze()
    bus = Bus(frail.url.replace("//", "//:password@"), name="a", pace=PATIENT)
    await bus.start()
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await bus.close()
    assert time.monotonic() - began < PROMPT_S


@pytest.mark.parametrize("turns", range(12))
async def test_it_ends_also_while_its_connections_break(frail: Valkey, turns: int) -> None:
    admin = Admin(frail.url)
    async with running(frail.url, "a") as (bus,):
        admin.part()
        admin.client.client_kill_filter(_type="normal", skipme=True)
        for _ in range(turns):
            await asyncio.sleep(0)
        await bus.close()
    admin.client.close()


async def test_it_ends_without_ever_having_been_started(frail: Valkey) -> None:
    bus = Bus(frail.url, name="a")
    leave = bus.listen("c", print)
    bus.say("c", b"lost")
    await bus.close()
    leave()
    assert bus.lost == 1


async def test_a_server_that_is_slow_to_hear_is_parted_from_and_comes_back(frail: Valkey) -> None:
    """Redis keeps only so much for a subscriber that does not read."""
    admin = Admin(frail.url)
    admin.client.config_set("client-output-buffer-limit", "pubsub 1mb 1mb 1")
    async with running(frail.url, "a", pace=PATIENT) as (bus,):
        ear = Ear(bus, "c")
        await ear.ready()
        while dict(admin.client.pubsub_numsub("steadychat:c"))[b"steadychat:c"]:
            admin.client.publish("steadychat:c", b"other " + bytes(2**20))  # the loop stands still meanwhile
        await ear.ready()
        admin.client.publish("steadychat:c", b"other words")
        while await ear.next() != b"words":
            pass
    admin.client.close()
