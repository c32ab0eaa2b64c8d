"""The tools of the proofs do what they say: a server that really dies, where it was told to."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.core.points import Point
from tests.faults.asking import identified
from tests.faults.footprint import at_rest, left_behind
from tests.faults.launching import ROOT, Command, Launcher, Zygote
from tests.faults.server import DiedError, Server
from tests.house.serving import bare

pytestmark = pytest.mark.anyio

ASK = {"content": "tokens=20"}
AT_ONCE = {"Prefer": "respond-async"}
HOLDER = """
import asyncio, sys
from pathlib import Path
from tests.faults.launching import zygote
from tests.faults.server import Server

async def hold(launcher):
    server = Server(launcher, Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.Event().wait()

with zygote() as launcher:
    asyncio.run(hold(launcher))
"""


@pytest.fixture(params=["forked", "plain"])
def either(request: pytest.FixtureRequest, launcher: Zygote) -> Launcher:
    return launcher if request.param == "forked" else Command()


async def test_a_forked_server_lives_and_dies_as_a_plain_one_does(either: Launcher, tmp_path: Path) -> None:
    async with Server(either, tmp_path) as server:
        await server.start()
        me = await identified(server)
        async with server.client(headers=me) as client:
            asked = await client.post("/api/chat/messages", json=ASK)
            assert asked.json()["message"]["status"] == "complete"
            slow = {"content": "tokens=2000 rate=100"}
            ack = (await client.post("/api/chat/messages", json=slow, headers=AT_ONCE)).json()
        await server.kill()
        assert await server.wait() == -signal.SIGKILL
        await server.start()
        assert server.starts == 2
        async with server.client(headers=me) as client:
            path = f"/api/chat/sessions/{ack['session_id']}/messages/{ack['pending_message_id']}"
            assert (await client.get(path)).json()["status"] == "interrupted"
        assert await server.term() == 0


@pytest.mark.parametrize("point", list(Point))
async def test_it_dies_at_the_point_that_is_armed_and_only_once(
    point: Point, launcher: Zygote, tmp_path: Path
) -> None:
    async with Server(launcher, tmp_path) as server:
        await server.start(point)
        me = await identified(server)
        async with server.client(headers=me) as client:
            with pytest.raises(httpx.TransportError):
                await client.post("/api/chat/messages", json=ASK)
        assert await server.wait() == -signal.SIGKILL
        assert server.board.reached(point) == 1
        await server.start()
        async with server.client(headers=me) as client:
            asked = await client.post("/api/chat/messages", json=ASK)
            assert asked.json()["message"]["status"] == "complete"


async def test_the_nth_time_is_counted(launcher: Zygote, tmp_path: Path) -> None:
    async with Server(launcher, tmp_path) as server:
        await server.start(Point.AFTER_CLAIM, nth=2)
        async with server.client(headers=await identified(server)) as client:
            assert (await client.post("/api/chat/messages", json=ASK)).json()["message"][
                "status"
            ] == "complete"
            with pytest.raises(httpx.TransportError):
                await client.post("/api/chat/messages", json=ASK)


async def test_a_server_that_dies_before_it_is_ready_is_told_of(launcher: Zygote, tmp_path: Path) -> None:
    async with Server(launcher, tmp_path, chains="gone=no_such_module:chain") as server:
        with pytest.raises(DiedError, match="STEADYCHAT_CHAINS"):
            await server.start()


async def test_while_it_is_frozen_nothing_moves(launcher: Zygote, tmp_path: Path) -> None:
    async with Server(launcher, tmp_path) as server:
        await server.start()
        async with server.client() as client:
            server.stop()
            asking = asyncio.create_task(client.get("/healthz"))
            done, _ = await asyncio.wait({asking}, timeout=0.1)
            assert not done
            server.cont()
            assert (await asking).status_code == 200


async def test_what_a_client_left_behind_is_seen(launcher: Zygote, tmp_path: Path) -> None:
    async with Server(launcher, tmp_path) as server:
        await server.start()
        before = await at_rest(server)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert any("descriptors" in each for each in await left_behind(server, before, within_s=0))
        writer.close()
        await writer.wait_closed()
        assert await left_behind(server, before) == []


def test_no_server_outlives_its_test(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        env=bare() | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        server = os.pidfd_open(int(holder.stdout.readline()))
        holder.kill()
        try:
            assert asyncio.run(_ended(server))
        finally:
            os.close(server)


async def _ended(process: int) -> bool:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(process, ended.set)
    async with asyncio.timeout(30):
        return await ended.wait()
