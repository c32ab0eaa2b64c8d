from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter

from api.doors.health import router

pytestmark = pytest.mark.anyio


class State:
    reason: str | None = None


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
async def client(app: FastAPI, visit: Any, state: State) -> AsyncIterator[Any]:
    registry = CollectorRegistry()
    Counter("answers", "Answers that ended.", registry=registry).inc(3)
    app.include_router(router(lambda: state.reason, registry))
    async with visit(app) as client:
        yield client


async def test_a_server_that_answers_is_alive_even_when_unfit(client: Any, state: State) -> None:
    state.reason = "the server is draining"
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_readiness_follows_the_server_and_gives_its_reason(client: Any, state: State) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    state.reason = "the server is draining"
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "the server is draining")


async def test_metrics_are_those_of_this_app(client: Any) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "answers_total 3.0" in answer.text
    assert "python_info" not in answer.text


async def test_no_answer_may_be_kept(client: Any) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await client.get(path)).headers["cache-control"] == "no-store"
