"""The proxy as a process, with its controller."""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from loadtests.proxy import Cut, FaultProxy, Plan, ProxyRefused
from tests.support.ends import End

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[4]


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """The port of a server that says everything back."""

    async def back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(back, "127.0.0.1", 0, backlog=2000)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def connect(proxy: FaultProxy) -> End:
    return End(*await asyncio.open_connection(proxy.host, proxy.port))


async def test_faults_come_and_go_as_the_controller_says(echo: int) -> None:
    async with FaultProxy.before("127.0.0.1", echo, seed=7) as proxy:
        await proxy.plan(Plan(cuts=(Cut("down", 3),)), "next")
        first = await connect(proxy)
        await first.say(b"hello")
        assert await first.rest() == b"hel"
        await proxy.wait(cuts=1)
        second = await connect(proxy)
        await second.say(b"hello")
        assert await second.hear(5) == b"hello"
        assert await proxy.cut_all("rst") >= 1
        with pytest.raises(ConnectionResetError):
            await second.rest()
        await proxy.heal()
        first.writer.close()
        await proxy.wait(open=0)
        stats = await proxy.stats()
        assert (stats["accepted"], stats["open"]) == (2, [])
        assert stats["done"][0] == {
            "connection": 1,
            "how": "fin",
            "why": "byte",
            "direction": "down",
            "up": 5,
            "down": 3,
        }


async def test_a_thousand_connections_live_and_are_cut_at_once(echo: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        async with FaultProxy.before("127.0.0.1", echo) as proxy:
            ends: list[End] = []
            for _ in range(20):
                ends += await asyncio.gather(*(connect(proxy) for _ in range(50)))
            await asyncio.gather(*(end.say(b"hello") for end in ends))
            assert set(await asyncio.gather(*(end.hear(5) for end in ends))) == {b"hello"}
            assert await proxy.cut_all("rst") == 1000
            found = await asyncio.gather(*(end.rest() for end in ends), return_exceptions=True)
            assert {type(each) for each in found} == {ConnectionResetError}
            await proxy.wait(open=0)
            again = await connect(proxy)
            await again.say(b"hello")
            assert await again.hear(5) == b"hello"
            again.writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_what_cannot_be_done_is_refused_with_the_reason(echo: int) -> None:
    async with FaultProxy.before("127.0.0.1", echo) as proxy:
        with pytest.raises(ProxyRefused, match="not open: connections"):
            await proxy.plan(Plan(), [12])
        with pytest.raises(ProxyRefused, match="counts must be numbers of"):
            await proxy.wait(beers=3)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"hello", "Expecting value"),
        (b"[]", "one JSON object"),
        (b'{"do":"dance"}', "do must be one of"),
        (b'{"do":"plan","plan":{"rate":-1}}', "rate must be"),
        (b'{"do":"plan","plan":{},"whom":"you"}', "whom must be"),
        (b'{"do":"cut_all","how":"bang"}', "how must be"),
    ],
)
async def test_a_line_that_makes_no_sense_is_answered(echo: int, line: bytes, why: str) -> None:
    async with FaultProxy.before("127.0.0.1", echo) as proxy:
        proxy._writer.get_extra_info("peername")
        end = End(*await asyncio.open_connection(*proxy._writer.get_extra_info("peername")))
        await end.say(line + b"\n")
        answer = json.loads(await end.reader.readline())
        assert why in answer["error"]
        end.writer.close()


async def test_it_never_outlives_its_owner(echo: int) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import asyncio, time\n"
        "from loadtests.proxy import FaultProxy\n"
        "async def main():\n"
        f"    proxy = await FaultProxy.start('127.0.0.1', {echo})\n"
        "    print(proxy.pid, flush=True)\n"
        "    await asyncio.sleep(1000)\n"
        "asyncio.run(main())\n",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert owner.stdout is not None
    pid = int(await owner.stdout.readline())
    os.kill(owner.pid, signal.SIGKILL)
    await owner.wait()
    while alive(pid):  # noqa: ASYNC110 - nobody tells of a stranger's end
        await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether it runs; the remains of a process that nobody has waited for yet do not count."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_who_asks_a_proxy_that_is_gone_is_told(echo: int) -> None:
    async with FaultProxy.before("127.0.0.1", echo) as proxy:
        os.kill(proxy.pid, signal.SIGKILL)
        with pytest.raises(ProxyRefused, match="gone"):
            await proxy.wait(cuts=1)
        with pytest.raises(ProxyRefused, match="gone"):
            await proxy.stats()


async def test_how_many_cuts_are_told_is_asked_for() -> None:
    async with FaultProxy.before("127.0.0.1", 9) as proxy:
        assert (await proxy.stats(newest=0))["done"] == []
        with pytest.raises(ProxyRefused, match="newest must be"):
            await proxy.stats(newest=-1)
