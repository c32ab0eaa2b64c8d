"""How long a page of 50 takes in a session of a million messages, at its newest, middle and oldest end."""

import time
from dataclasses import dataclass

import httpx

from loadtests.bench.figures import percentile
from loadtests.bench.million import fill, message_id
from loadtests.bench.server import Server

MESSAGES, PAGE, REQUESTS = 1_000_000, 50, 300


@dataclass(frozen=True)
class Pages:
    """Milliseconds of a page through HTTP, as one client on a kept connection sees it."""

    messages: int
    newest_p50_ms: float
    middle_p50_ms: float
    oldest_p50_ms: float
    worst_p50_ms: float
    worst_p99_ms: float


async def pages(server: Server, messages: int = MESSAGES, requests: int = REQUESTS) -> Pages:
    """Fill a session, and ask for its pages one by one. Raises httpx.HTTPError."""
    return _pages(server, messages, requests)  # nothing else wants this loop meanwhile


def _pages(server: Server, messages: int, requests: int) -> Pages:
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
        client.post("/api/chat/identity").raise_for_status()
        session_id = client.post("/api/chat/sessions", json={}).raise_for_status().json()["id"]
        fill(server.folder / "steadychat.db", session_id, messages)
        path = f"/api/chat/sessions/{session_id}/messages"
        befores = None, message_id(messages // 2), message_id(PAGE + 1)
        times = [[_timed(client, path, before) for _ in range(requests)] for before in befores]
    newest, middle, oldest = (percentile(each, 50) for each in times)
    slowest = max(percentile(each, 99) for each in times)
    return Pages(messages, newest, middle, oldest, max(newest, middle, oldest), slowest)


def _timed(client: httpx.Client, path: str, before: str | None) -> float:
    params = {"limit": str(PAGE)} | ({} if before is None else {"before": before})
    start = time.perf_counter()
    page = client.get(path, params=params).raise_for_status()
    took = (time.perf_counter() - start) * 1000
    if len(page.json()["messages"]) != PAGE:
        raise AssertionError("a page was not whole")
    return took
