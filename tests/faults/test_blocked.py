"""A server whose event loop a chain holds up says so; one that was merely stopped does not."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.asking import identified
from tests.faults.launching import Zygote
from tests.faults.server import Server

pytestmark = pytest.mark.anyio

BLOCK_S = 1.0
STOPPED_S = 1.2


def told(server: Server) -> list[dict[str, Any]]:  # Any: whatever is logged
    lines = (server.folder / "server.log").read_text().splitlines()
    return [line for line in map(json.loads, lines) if "blocked" in line["event"]]


async def counter(server: Server, name: str) -> float:
    async with server.client() as client:
        text = (await client.get("/metrics")).text
    found = next(line for line in text.splitlines() if line.startswith(f"steadychat_{name} "))
    return float(found.split()[1])


async def test_a_chain_that_blocks_the_loop_is_named_and_counted(launcher: Zygote, tmp_path: Path) -> None:
    async with Server(launcher, tmp_path) as server:
        await server.start()
        async with server.client(headers=await identified(server)) as client:
            asked = {"content": f"tokens=3 block_at=1 block={BLOCK_S}"}
            answer = (await client.post("/api/chat/messages", json=asked)).json()["message"]
        assert (answer["content"], answer["status"]) == ("t0 t1 t2 ", "complete")
        async with asyncio.timeout(10):
            while not await counter(server, "event_loop_blocked_total"):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.01)
        assert 0.5 <= await counter(server, "event_loop_blocked_seconds_total") < BLOCK_S + 5
        first, second = told(server)
        assert (first["event"], first["chain"]) == ("event loop blocked", "scripted")
        assert first["at"][-1].endswith(" _perform")
        assert (second["chain"], second["seconds"] >= 0.5) == ("scripted", True)
        assert first["timestamp"] < second["timestamp"]


async def test_a_server_that_was_stopped_for_a_while_goes_on_without_an_alarm(
    launcher: Zygote, tmp_path: Path
) -> None:
    async with Server(launcher, tmp_path) as server:
        await server.start()
        me = await identified(server)
        async with server.client(headers=me) as client:
            asked = {"content": "tokens=200 rate=50"}
            path = "/api/chat/messages"
            ack = (await client.post(path, json=asked, headers={"Prefer": "respond-async"})).json()
        for _ in range(2):
            server.stop()
            await asyncio.sleep(STOPPED_S)
            server.cont()
            async with server.client() as client:
                await client.get("/healthz")
        async with server.client(headers=me) as client:
            again = asked | {"client_message_id": ack["client_message_id"]}
            answer = (await client.post(path, json=again)).json()["message"]
        assert (answer["id"], answer["status"]) == (ack["pending_message_id"], "complete")
        assert told(server) == []
        assert await counter(server, "event_loop_blocked_total") == 0
