"""What a server that survives must not have left behind: descriptors, threads, tasks, sockets, answers."""

import asyncio
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.asking import identified
from tests.faults.server import Server

SETTLE_S = 10.0
LOOK_S = 0.1
PILED_UP = 64
PILING_S = 0.5
MOST_LOOKS = 50
GAUGES = ("generations_running", "sockets_open", "tasks", "threads_abandoned")


@dataclass(frozen=True)
class Footprint:
    figures: dict[str, float]

    def grown(self, before: "Footprint") -> list[str]:
        """In what it is larger than before, in words."""
        return [
            f"{name}: {value:g}, was {before.figures[name]:g}"
            for name, value in self.figures.items()
            if value > before.figures[name]
        ]


async def footprint(server: Server) -> Footprint:
    async with server.client(headers={"Connection": "close"}) as client:
        text = (await client.get("/metrics")).raise_for_status().text
    told = {family.name: family.samples[0].value for family in text_string_to_metric_families(text)}
    figures = {name: told[f"steadychat_{name}"] for name in GAUGES}
    figures["descriptors"] = server.descriptors()
    figures["threads"] = server.threads()
    return Footprint(figures)


async def at_rest(server: Server) -> Footprint:
    """Of a server that has begun all that stays, once for all."""
    async with server.client(headers=await identified(server)) as client:
        await _fill_pools(server, client)
        await _first_stream(client)
    found = [await footprint(server)]
    while len(found) < MOST_LOOKS and (len(found) == 1 or found[-1] != found[-2]):
        found.append(await footprint(server))  # the connections of this are closing
    return found[-1]


async def _fill_pools(server: Server, client: httpx.AsyncClient) -> None:
    """While it stands still so much comes that it has to do it all at once: its threads begin and stay."""
    server.stop()
    asked = [asyncio.create_task(client.get("/api/chat/sessions")) for _ in range(PILED_UP)]
    await asyncio.sleep(PILING_S)
    server.cont()
    await asyncio.gather(*asked)


async def _first_stream(client: httpx.AsyncClient) -> None:
    """With the first stream of events a task of the library begins that all others share, and stays."""
    made = (await client.post("/api/chat/sessions", json={})).raise_for_status().json()
    async with client.stream("GET", f"/api/chat/sessions/{made['id']}/events") as events:
        await anext(events.aiter_lines())


async def left_behind(server: Server, before: Footprint, within_s: float = SETTLE_S) -> list[str]:
    """What is still there after a while that was not there before; connections take a moment to close."""
    looks = int(within_s / LOOK_S)
    for _ in range(looks):
        if not (await footprint(server)).grown(before):
            return []
        await asyncio.sleep(LOOK_S)
    return (await footprint(server)).grown(before)
