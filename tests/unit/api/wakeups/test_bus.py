"""What one server says, others hear."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from api.wakeups.bus import Bus
from loadtests.cluster.valkey import Valkey
from tests.support.buses import Admin, Ear, running, until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def two(valkey: Valkey) -> AsyncIterator[tuple[Bus, Bus]]:
    async with running(valkey.url, "first", "second") as (first, second):
        yield first, second


async def test_what_one_says_the_others_hear_in_order_and_it_does_not_hear_itself(
    valkey: Valkey, two: tuple[Bus, Bus]
) -> None:
    async with running(valkey.url, "firs") as (third,):
        ears = [Ear(bus, "session") for bus in (*two, third)]
        for ear in ears:
            await ear.ready()
        for number in range(100):
            two[0].say("session", b"%d" % number)
        two[1].say("another session", b"nobody listens there")
        two[1].say("session", b"\x00 any bytes\r\n\xff")
        assert await ears[0].next() == b"\x00 any bytes\r\n\xff"
        for ear in ears[1:]:
            assert [await ear.next() for _ in range(100)] == [b"%d" % number for number in range(100)]
        assert await ears[2].next() == b"\x00 any bytes\r\n\xff"
        assert [ear.rest() for ear in ears] == [[], [], []]
        assert two[0].lost == 0


async def test_an_empty_message_and_one_of_a_mebibyte_arrive(two: tuple[Bus, Bus]) -> None:
    ear = Ear(two[1], "large")
    await ear.ready()
    two[0].say("large", b"")
    two[0].say("large", bytes(2**20))
    assert await ear.next() == b""
    assert await ear.next() == bytes(2**20)


async def test_what_comes_from_no_server_is_not_heard(admin: Admin, two: tuple[Bus, Bus]) -> None:
    ear = Ear(two[1], "c")
    await ear.ready()
    admin.client.publish("steadychat:c", b"without-a-name")
    two[0].say("c", b"end")
    assert await ear.next() == b"end"


async def test_several_listeners_of_a_channel_share_a_subscription_which_goes_with_the_last_one(
    admin: Admin, two: tuple[Bus, Bus]
) -> None:
    ears = [Ear(two[1], "shared") for _ in range(3)]
    for ear in ears:
        await ear.ready()
    calls = admin.calls("subscribe")
    ears.append(Ear(two[1], "shared"))
    await ears[-1].ready()
    two[0].say("shared", b"to all")
    assert [await ear.next() for ear in ears] == [b"to all"] * 4
    for ear in ears[1:]:
        ear.leave()
    two[0].say("shared", b"to one")
    assert await ears[0].next() == b"to one"
    assert [ear.rest() for ear in ears[1:]] == [[], [], []]
    assert admin.calls("subscribe") == calls
    assert admin.subscribed("shared") == 1
    ears[0].leave()
    ears[0].leave()
    await until(lambda: admin.subscribed("shared") == 0)


async def test_whoever_listens_before_the_start_is_told_when_it_may_begin(valkey: Valkey) -> None:
    bus = Bus(valkey.url, name="early")
    ear = Ear(bus, "c")
    await bus.start()
    await ear.ready()
    await bus.close()
    assert ear.more_readies == 0


async def test_a_thousand_who_come_and_go_in_one_turn_are_a_few_commands(
    admin: Admin, two: tuple[Bus, Bus]
) -> None:
    subscribes, unsubscribes = admin.calls("subscribe"), admin.calls("unsubscribe")
    ears = [Ear(two[1], f"channel-{number}") for number in range(1000)]
    for ear in ears:
        await ear.ready()
    assert admin.calls("subscribe") - subscribes <= 2
    for ear in ears:
        ear.leave()
    await until(lambda: admin.subscribed("channel-999") == admin.subscribed("channel-0") == 0)
    assert admin.calls("unsubscribe") - unsubscribes <= 2


async def test_a_thousand_messages_of_one_turn_go_out_together(admin: Admin, two: tuple[Bus, Bus]) -> None:
    ear = Ear(two[1], "many")
    await ear.ready()
    publishes, reads = admin.calls("publish"), admin.reads()
    for number in range(1000):
        two[0].say("many", b"%d" % number)
    assert [await ear.next() for _ in range(1000)] == [b"%d" % number for number in range(1000)]
    assert admin.calls("publish") - publishes == 1000
    assert admin.reads() - reads < 20, "the server takes 16 kB at once"


async def test_whoever_comes_and_leaves_in_one_turn_sends_nothing(admin: Admin, two: tuple[Bus, Bus]) -> None:
    fence = Ear(two[1], "fence")
    await fence.ready()
    calls = admin.calls("subscribe")
    passing = Ear(two[1], "passing")
    passing.leave()
    two[0].say("fence", b"")
    await fence.next()
    assert (admin.calls("subscribe"), admin.subscribed("passing")) == (calls, 0)
    assert passing.more_readies == 0


async def test_whoever_leaves_while_the_subscription_is_under_way_ends_unsubscribed(
    admin: Admin, two: tuple[Bus, Bus]
) -> None:
    calls = admin.calls("subscribe")
    gone = Ear(two[1], "under way")
    await asyncio.sleep(0)  # it is sent, and no answer can have come
    gone.leave()
    await until(lambda: admin.calls("subscribe") > calls and admin.subscribed("under way") == 0)
    fence = Ear(two[1], "fence")
    await fence.ready()
    assert gone.more_readies == 0
    assert admin.subscribed("under way") == 0


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
async def test_whoever_comes_back_directly_after_leaving_is_subscribed_and_ready(
    admin: Admin, two: tuple[Bus, Bus], turns: int
) -> None:
    before = Ear(two[1], "again")
    await before.ready()
    before.leave()
    for _ in range(turns):
        await asyncio.sleep(0)
    after = Ear(two[1], "again")
    await after.ready()
    assert admin.subscribed("again") == 1
    two[0].say("again", b"heard")
    assert await after.next() == b"heard"
    assert before.rest() == []
    assert after.more_readies == 0


async def test_one_may_leave_or_come_while_a_message_is_heard(two: tuple[Bus, Bus]) -> None:
    heard, come = list[str](), list[Ear]()

    def hear(message: bytes) -> None:
        heard.append("first")
        leave()
        come.append(Ear(two[1], "c"))

    two[1].listen("c", hear)
    leave = two[1].listen("c", lambda message: heard.append("left before it was told"))
    last = Ear(two[1], "c")
    await last.ready()
    two[0].say("c", b"one")
    assert await last.next() == b"one"
    await come[0].ready()
    two[0].say("c", b"two")
    assert await come[0].next() == b"two"
    assert heard == ["first", "first"]


async def test_listeners_that_fail_are_logged_without_contents_and_disturb_nobody(
    two: tuple[Bus, Bus],
) -> None:
    def fail(*_: bytes) -> None:
        raise RuntimeError("a secret")

    with capture_logs() as noted:
        two[1].listen("c", fail, fail)
        ear = Ear(two[1], "c")
        await ear.ready()
        two[0].say("c", b"heard")
        assert await ear.next() == b"heard"
        two[1].listen("c", fail, fail)  # is told by a way of its own that the channel is active
        late = Ear(two[1], "c")
        await late.ready()
    assert [(each["event"], each["error"]) for each in noted] == [("a listener failed", "RuntimeError")] * 3
    assert all("test_bus.py" in each["at"][-1] for each in noted)
    assert "secret" not in str(noted)


@pytest.mark.parametrize("seed", range(5))
async def test_after_any_coming_and_going_exactly_those_who_are_there_hear(
    admin: Admin, two: tuple[Bus, Bus], seed: int
) -> None:
    chance = random.Random(seed)
    names = [f"{seed}-{number}" for number in range(5)]
    there: list[tuple[str, Ear]] = []
    left: list[Ear] = []
    for _ in range(400):
        if there and chance.random() < 0.5:
            _, ear = there.pop(chance.randrange(len(there)))
            ear.leave()
            left.append(ear)
        else:
            name = chance.choice(names)
            there.append((name, Ear(two[1], name)))
        for _ in range(chance.choice([0, 0, 0, 1, 5])):
            await asyncio.sleep(0)
    for _, ear in there:
        await ear.ready()
    fence = Ear(two[1], f"{seed}-fence")
    await fence.ready()
    wanted = {name for name, _ in there}
    assert {name for name in names if admin.subscribed(name)} == wanted
    for ear in left:
        ear.rest()
    for name in names:
        two[0].say(name, name.encode())
    for name, ear in there:
        assert await ear.next() == name.encode()
    assert [ear.rest() for ear in left] == [[]] * len(left)


def test_a_name_with_a_space_is_refused() -> None:
    with pytest.raises(ValueError, match="space"):
        Bus("redis://127.0.0.1", name="a b")


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@127.0.0.1",
        "redis://user:sec/ret@127.0.0.1:1",
        "redis://127.0.0.1:secret",
        "redis://127.0.0.1?socket_timeout=secret",
        "redis://127.0.0.1?secret=1",
    ],
)
def test_what_is_no_url_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="REDIS_URL: expected redis://") as refused:
        Bus(url, name="a")
    assert "sec" not in str(refused.value)
    assert refused.value.__suppress_context__


async def test_options_of_the_url_do_not_change_how_it_is_spoken(valkey: Valkey) -> None:
    options = "?protocol=3&decode_responses=yes&socket_timeout=0.001&health_check_interval=1"
    async with running(valkey.url + options, "a", "b") as (a, b):
        ear = Ear(b, "c")
        await ear.ready()
        a.say("c", b"heard")
        assert await ear.next() == b"heard"
