"""The verifying client through the fault proxy: whatever happens to the bytes, the text is right."""

import random
from collections.abc import Iterator

import pytest

from chains.script import Script
from loadtests.client import ChatClient, Mode, Pace
from loadtests.proxy import Cut, FaultProxy, How, Plan
from tests.support.live import Live, live

pytestmark = pytest.mark.anyio

PACE = Pace(
    steps=(0.01, 0.02),
    connect_s=1,
    heartbeat_s=0.3,
    pong_s=0.3,
    stream_silence_s=0.6,
    reply_s=0.3,
    read_again_s=0.02,
    rest_s=1,
    rest_first_s=0.01,
    rest_longest_s=0.05,
)

HOWS: tuple[How, ...] = ("fin", "rst", "rst", "silence")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("proxied")
    with live(folder, limit_messages_per_minute=0, limit_sockets_per_user=0) as found:
        yield found


def cuts(dice: random.Random) -> Iterator[Plan]:
    """Connections that are cut early and late, in every way."""
    while True:
        how: How = dice.choice(HOWS)
        yield Plan(cuts=(Cut("up", 0, how, spread=3000), Cut("down", 0, how, spread=6000)))


@pytest.mark.parametrize("transport", ["websocket", "http", "auto"])
async def test_an_answer_is_exact_however_its_connections_are_cut(server: Live, transport: Mode) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    with server.user() as user:
        async with FaultProxy.before(host, int(port), seed=4) as proxy:
            plans = cuts(random.Random(transport))
            for _ in range(15):
                await proxy.plan(next(plans), "next")
            async with ChatClient(
                proxy.url, user.token, transport=transport, pace=PACE, scripted=True, seed=1
            ) as client:
                answer = await client.ask("tokens=300 rate=300")
                assert answer.text == Script(tokens=300).text()
                client.violations.check()
            assert (await proxy.stats())["cuts"] > 1


@pytest.mark.parametrize(
    "plan",
    [
        Plan(dribble=50, dribble_ms=1),
        Plan(delay_ms=30, jitter_ms=30),
        Plan(rate=50_000),
    ],
)
async def test_an_answer_is_exact_over_a_slow_line(server: Live, plan: Plan) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    with server.user() as user:
        async with FaultProxy.before(host, int(port)) as proxy:
            await proxy.plan(plan)
            async with ChatClient(proxy.url, user.token, scripted=True) as client:
                assert (await client.ask("tokens=100 rate=1000")).text == Script(tokens=100).text()
                client.violations.check()
                assert client.measures.connections == 1
