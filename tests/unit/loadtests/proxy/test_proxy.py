import asyncio
import random
import socket
from typing import Literal

import pytest

from loadtests.proxy.plan import Cut, How, Plan, Unfit
from tests.support.ends import End, place

pytestmark = pytest.mark.anyio

Direction = Literal["up", "down"]
DATA = bytes(range(256)) * 16


def ends(direction: Direction, client: End, server: End) -> tuple[End, End]:
    """Who speaks and who hears."""
    return (client, server) if direction == "up" else (server, client)


async def silent(end: End, seconds: float = 0.05) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await end.reader.read(1)
    except TimeoutError:
        return True
    return False


async def pour(end: End, data: bytes, dice: random.Random) -> None:
    """Send in chunks of any size, and end."""
    at = 0
    while at < len(data):
        size = dice.choice((1, 7, 500, 4096, 70_000))
        await end.say(data[at : at + size])
        at += size
        if dice.random() < 0.3:
            await asyncio.sleep(0)
    end.end()


@pytest.mark.parametrize("seed", range(5))
async def test_without_a_plan_bytes_pass_unchanged_however_they_are_cut_up(seed: int) -> None:
    dice = random.Random(seed)
    upward, downward = dice.randbytes(700_000), dice.randbytes(900_000)
    async with place() as found:
        client, server = await found.pair()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pour(client, upward, dice))
            tasks.create_task(pour(server, downward, dice))
            heard = [tasks.create_task(end.rest()) for end in (server, client)]
        assert [each.result() for each in heard] == [upward, downward]
        await found.proxy.reached(open=0)
        stats = found.proxy.stats()
        assert (stats["up"], stats["down"], stats["cuts"]) == (700_000, 900_000, 0)


async def test_one_direction_may_end_before_the_other() -> None:
    async with place() as found:
        client, server = await found.pair()
        await client.say(b"question")
        client.end()
        assert await server.rest() == b"question"
        await server.say(b"a long answer")
        server.end()
        assert await client.rest() == b"a long answer"


async def test_who_does_not_read_holds_up_who_writes_and_nothing_is_lost() -> None:
    data = random.Random(1).randbytes(40_000_000)
    async with place() as found:
        client, server = await found.pair()
        server.reader._transport.pause_reading()  # type: ignore[attr-defined] # the reader's own
        pouring = asyncio.ensure_future(client.say(data))
        before = -1
        while before != (before := found.proxy.stats()["up"]):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.05)
        assert before < 30_000_000
        assert not pouring.done()
        server.reader._transport.resume_reading()  # type: ignore[attr-defined]
        heard = bytearray()
        while len(heard) < len(data):
            heard += await server.reader.read(1 << 20)
        await pouring
        assert heard == data


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("at", [0, 1, 999, 4096])
async def test_a_cut_by_fin_lets_exactly_so_many_bytes_pass(direction: Direction, at: int) -> None:
    async with place() as found:
        client, server = await found.pair(Plan(cuts=(Cut(direction, at),)))
        speaker, hearer = ends(direction, client, server)
        await speaker.say(DATA)
        assert await hearer.rest() == DATA[:at]
        assert await speaker.rest() == b""
        stats = found.proxy.stats()
        done = {"connection": 1, "how": "fin", "why": "byte", "direction": direction, "up": 0, "down": 0}
        assert stats["done"] == [done | {direction: at}]


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_cut_by_reset_breaks_both_sides(direction: Direction) -> None:
    async with place() as found:
        client, server = await found.pair(Plan(cuts=(Cut(direction, 100, "rst"),)))
        speaker, hearer = ends(direction, client, server)
        await speaker.say(DATA)
        with pytest.raises(ConnectionResetError):
            await speaker.rest()
        with pytest.raises(ConnectionResetError):
            await hearer.rest()
        await found.proxy.reached(open=0)
        assert found.proxy.stats()[direction] == 100


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_cut_by_silence_leaves_both_sides_without_a_word(direction: Direction) -> None:
    async with place() as found:
        client, server = await found.pair(Plan(cuts=(Cut(direction, 100, "silence"),)))
        speaker, hearer = ends(direction, client, server)
        await speaker.say(DATA)
        assert await hearer.hear(100) == DATA[:100]
        await hearer.say(b"are you there?")
        assert await silent(hearer)
        assert await silent(speaker)
        speaker.end()  # not even that
        assert await silent(hearer)
        hearer.end()
        await found.proxy.reached(open=0)


async def test_a_cut_may_count_from_now() -> None:
    async with place() as found:
        client, server = await found.pair()
        await client.say(b"x" * 50)
        await server.hear(50)
        await found.proxy.plan(Plan(cuts=(Cut("up", 10, origin="now"),)), [1])
        await client.say(b"y" * 50)
        assert await server.rest() == b"y" * 10


async def test_a_cut_at_a_byte_that_has_passed_is_made_at_once() -> None:
    async with place() as found:
        client, server = await found.pair()
        await client.say(b"x" * 50)
        await server.hear(50)
        await found.proxy.plan(Plan(cuts=(Cut("up", 10),)), "all")
        assert await server.rest() == b""


async def test_cuts_at_random_are_the_same_for_the_same_seed() -> None:
    async def places(seed: int) -> list[int]:
        async with place(seed) as found:
            await found.proxy.plan(Plan(cuts=(Cut("up", 100, spread=3000),)), "new")
            for _ in range(5):
                client, server = await found.pair()
                await client.say(DATA)
                await server.rest()
            return [cut["up"] for cut in found.proxy.stats()["done"]]

    first, again, other = await places(1), await places(1), await places(2)
    assert first == again != other
    assert len(set(first)) > 1
    assert all(100 <= at <= 3100 for at in first)


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_one_direction_may_be_a_black_hole(direction: Direction) -> None:
    async with place() as found:
        client, server = await found.pair(Plan(swallow=direction))
        speaker, hearer = ends(direction, client, server)
        await speaker.say(DATA)
        await hearer.say(b"still here")
        assert await speaker.hear(10) == b"still here"
        assert await silent(hearer)


async def test_what_is_frozen_comes_when_it_is_healed() -> None:
    async with place() as found:
        client, server = await found.pair()
        await client.say(b"before")
        await server.hear(6)
        await found.proxy.plan(Plan(freeze="both"), "all")
        await client.say(DATA)
        client.end()
        await server.say(DATA)
        assert await silent(server)
        assert await silent(client)
        await found.proxy.heal()
        assert await server.rest() == DATA
        assert await client.hear(len(DATA)) == DATA


async def test_healing_resets_what_has_lost_bytes_and_lets_the_next_pass() -> None:
    async with place() as found:
        client, _ = await found.pair(Plan(swallow="both"))
        await client.say(DATA)
        await found.proxy.heal()
        with pytest.raises(ConnectionResetError):
            await client.rest()
        client, server = await found.pair()
        await client.say(DATA)
        assert await server.hear(len(DATA)) == DATA


async def took(end: End, count: int) -> float:
    loop = asyncio.get_running_loop()
    before = loop.time()
    await end.hear(count)
    return loop.time() - before


async def test_a_delay_holds_bytes_back_and_keeps_their_order() -> None:
    async with place() as found:
        client, server = await found.pair(Plan(delay_ms=80, jitter_ms=40))
        hearing = asyncio.ensure_future(took(server, 5))
        for letter in b"hello":
            await client.say(bytes([letter]))
            await asyncio.sleep(0)
        assert await hearing >= 0.08
        await client.say(b"world")
        client.end()
        assert await server.rest() == b"world"


async def test_a_throttle_lets_so_many_bytes_a_second_pass() -> None:
    async with place() as found:
        client, server = await found.pair(Plan(rate=40_000))
        await client.say(DATA * 2)
        assert await took(server, 8192) >= 8192 / 40_000 * 0.85


async def test_a_dribble_passes_a_few_bytes_at_a_time() -> None:
    async with place() as found:
        client, server = await found.pair(Plan(dribble=3, dribble_ms=5))
        await client.say(b"0123456789")
        client.end()
        pieces = []
        while piece := await server.reader.read(100):
            pieces.append(piece)
        assert b"".join(pieces) == b"0123456789"
        assert len(pieces) > 1


@pytest.mark.parametrize(
    "plan", [Plan(dribble=3, cuts=(Cut("up", 8),)), Plan(rate=1e6, cuts=(Cut("up", 8),))]
)
async def test_a_cut_stands_at_its_byte_however_slowly_it_is_reached(plan: Plan) -> None:
    async with place() as found:
        client, server = await found.pair(plan)
        await client.say(DATA)
        assert await server.rest() == DATA[:8]


async def test_a_slow_connection_is_held_up_instead_of_being_kept_in_memory() -> None:
    async with place() as found:
        client, _ = await found.pair(Plan(rate=10_000))
        pouring = asyncio.ensure_future(client.say(bytes(40_000_000)))
        await asyncio.sleep(0.2)
        lane = next(iter(found.proxy._pairs.values())).up
        assert lane._size < 1_000_000
        assert not pouring.done()
        pouring.cancel()


@pytest.mark.parametrize("how", ["fin", "rst", "silence"])
async def test_a_connection_is_cut_after_so_long_without_a_byte(how: How) -> None:
    async with place() as found:
        client, server = await found.pair(Plan(idle_s=0.4, idle_how=how))
        await asyncio.sleep(0.2)
        before = asyncio.get_running_loop().time()
        await client.say(b".")  # a sign of life in time
        await server.hear(1)
        await found.proxy.reached(cuts=1)
        assert asyncio.get_running_loop().time() - before >= 0.4
        done = found.proxy.stats()["done"][0]
        assert (done["why"], done["how"], done["up"]) == ("idle", how, 1)


@pytest.mark.parametrize("how", ["fin", "rst", "silence"])
async def test_a_connection_is_cut_at_an_age_of_its_own_however_busy_it_is(how: How) -> None:
    async with place() as found:
        before = asyncio.get_running_loop().time()
        await found.proxy.plan(Plan(life_s=0.2, life_how=how), "new")
        for _ in range(3):
            client, _ = await found.pair()
            await client.say(b"a sign of life changes nothing")
        await found.proxy.reached(cuts=3)
        assert asyncio.get_running_loop().time() - before >= 0.1
        assert {(cut["why"], cut["how"]) for cut in found.proxy.stats()["done"]} == {("life", how)}


async def test_a_new_plan_ends_the_fear_of_an_early_death() -> None:
    async with place() as found:
        client, server = await found.pair(Plan(life_s=0.1))
        await found.proxy.heal()
        await asyncio.sleep(0.2)
        await client.say(b"still here")
        assert await server.hear(10) == b"still here"
        assert found.proxy.stats()["cuts"] == 0


async def test_as_many_of_the_newest_cuts_are_told_as_are_wanted() -> None:
    async with place() as found:
        for _ in range(3):
            await found.pair()
        assert found.proxy.cut_all("rst") == 3
        told = {newest: found.proxy.stats(newest)["done"] for newest in (None, 0, 2, 9)}
        assert [len(each) for each in told.values()] == [3, 0, 2, 3]
        assert [cut["connection"] for cut in told[2]] == [2, 3]


async def test_a_refused_connection_finds_nobody_until_it_is_healed() -> None:
    async with place() as found:
        client, server = await found.pair()
        await found.proxy.plan(Plan(admission="refuse"), "new")
        with pytest.raises(ConnectionRefusedError):
            await found.connect()
        await client.say(b"the open one stays")
        await server.hear(18)
        await found.proxy.heal()
        client, server = await found.pair()
        await client.say(b"welcome")
        await server.hear(7)


async def test_a_hanging_connection_is_accepted_and_leads_nowhere() -> None:
    async with place() as found:
        await found.proxy.plan(Plan(admission="hang"), "next")
        client = await found.connect()
        await found.proxy.reached(accepted=1)
        await client.say(b"anybody?")
        assert await silent(client)
        assert found.arrived.empty()
        await found.proxy.heal()
        with pytest.raises(ConnectionResetError):
            await client.rest()


async def test_a_server_that_is_not_there_resets_its_clients() -> None:
    async with place() as found:
        found.proxy._to = ("127.0.0.1", 9)  # the discard port: nobody is there
        client = await found.connect()
        with pytest.raises(ConnectionResetError):
            await client.rest()
        assert found.proxy.stats()["unreachable"] == 1


async def test_a_reset_by_one_side_reaches_the_other() -> None:
    async with place() as found:
        client, server = await found.pair()
        await client.say(b"x")
        await server.hear(1)
        client.writer.get_extra_info("socket").setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")  # SO_LINGER, 0 s
        client.writer.transport.abort()
        with pytest.raises(ConnectionResetError):
            await server.rest()
        await found.proxy.reached(open=0)


async def test_a_cut_finds_a_client_that_has_just_been_reset() -> None:
    async with place() as found:
        client = socket.create_connection(found.proxy.address)
        server = await found.arrived.get()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()
        assert found.proxy.cut_all("fin") == 1  # nothing has told the proxy of the reset yet
        assert await server.rest() == b""
        server.end()
        await found.proxy.reached(open=0)


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_everything_is_cut_at_once(how: How) -> None:
    async with place() as found:
        pairs = [await found.pair() for _ in range(5)]
        assert found.proxy.cut_all(how) == 5
        for end in [end for pair in pairs for end in pair]:
            if how == "fin":
                assert await end.rest() == b""
                end.end()
            else:
                with pytest.raises(ConnectionResetError):
                    await end.rest()
        await found.proxy.reached(open=0)
        assert {each["why"] for each in found.proxy.stats()["done"]} == {"all"}


async def test_a_plan_is_for_the_next_the_new_or_named_connections() -> None:
    async with place() as found:
        first, _ = await found.pair()
        await found.proxy.plan(Plan(cuts=(Cut("up", 0),)), "next")
        second, _ = await found.pair()
        third, third_server = await found.pair()
        assert await second.rest() == b""
        await found.proxy.plan(Plan(cuts=(Cut("up", 0),)), "new")
        fourth, _ = await found.pair()
        assert await fourth.rest() == b""
        await third.say(b"x")
        await third_server.hear(1)
        opened = {each["client"][1]: each["connection"] for each in found.proxy.stats()["open"]}
        assert (opened[first.port], opened[third.port]) == (1, 3)
        await found.proxy.plan(Plan(cuts=(Cut("up", 0),)), [1])
        assert await first.rest() == b""
        with pytest.raises(Unfit, match=r"not open: connections \[99\]"):
            await found.proxy.plan(Plan(), [99])
