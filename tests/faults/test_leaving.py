"""A server that leaves ends its event streams: everything is told, cleanly, and nothing is an error."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from tests.faults.asking import identified
from tests.faults.launching import Zygote
from tests.faults.server import Server

pytestmark = pytest.mark.anyio

AT_ONCE = {"Prefer": "respond-async"}


async def asked(client: httpx.AsyncClient, content: str) -> str:
    answer = await client.post("/api/chat/messages", json={"content": content}, headers=AT_ONCE)
    session_id: str = answer.raise_for_status().json()["session_id"]
    return f"/api/chat/sessions/{session_id}/events"


async def heard(client: httpx.AsyncClient, path: str, first: str, begun: asyncio.Event) -> list[str]:
    """The types of all events up to the end of the stream, which raises unless it is a clean one."""
    types: list[str] = []
    async with client.stream("GET", path) as response:
        async for line in response.aiter_lines():
            if line.startswith("event: "):
                types.append(line.removeprefix("event: "))
                if types[-1] == first:
                    begun.set()
    return types


async def test_event_streams_end_cleanly_after_all_that_there_is_to_tell(
    launcher: Zygote, tmp_path: Path
) -> None:
    async with Server(launcher, tmp_path, drain_seconds=0) as server:
        await server.start()
        async with server.client(headers=await identified(server)) as client:
            done = await client.post("/api/chat/messages", json={"content": "tokens=1"})
            idle_path = f"/api/chat/sessions/{done.json()['message']['session_id']}/events"
            running_path = await asked(client, "tokens=100000 rate=50")
            follows = [(idle_path, "subscribed")] * 3 + [(running_path, "token")] * 3
            begun = [asyncio.Event() for _ in follows]
            streams = [
                asyncio.create_task(heard(client, *each, at)) for each, at in zip(follows, begun, strict=True)
            ]
            async with asyncio.timeout(30):
                for at in begun:
                    await at.wait()
            await server.term()
            types = await asyncio.gather(*streams)
        assert all("subscribed" in each for each in types)
        assert [each.count("error") for each in types] == [0, 0, 0, 1, 1, 1]
        log = [json.loads(line) for line in (tmp_path / "server.log").read_text().splitlines()]
        assert [line for line in log if line["level"] == "error"] == []
