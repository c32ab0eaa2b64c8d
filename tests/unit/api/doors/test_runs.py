"""Runs on LangServe's way while the server leaves, and chains that would end it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI
from langchain_core.runnables import Runnable, RunnableGenerator

from api.auth.origins import Origins
from api.auth.rates import Rates
from api.core.errors import Code
from api.doors.langserve import Deadlines, Guard, mount
from api.doors.runs import Runs
from api.doors.who import Who
from api.service.contained import ExitRefusedError
from chains.contract import ChatInput, prepare

pytestmark = pytest.mark.anyio

ASKED = {"input": {"question": "Why?"}}


class Gated:
    """Says `half `, and `whole` once it is released."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.released = asyncio.Event()

    async def _say_it_in_halves(self, given: AsyncIterator[Any]) -> AsyncIterator[str]:
        async for _ in given:
            pass
        yield "half "
        self.begun.set()
        await self.released.wait()
        yield "whole"

    def runnable(self) -> Runnable[Any, Any]:
        return RunnableGenerator(self._say_it_in_halves).with_types(input_type=ChatInput, output_type=str)


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def serve(
    make_app: Callable[[], FastAPI], tokens: Any, runs: Runs
) -> Callable[[Runnable[Any, Any]], FastAPI]:
    def served(chain: Runnable[Any, Any]) -> FastAPI:
        app = make_app()
        guard = Guard(Who(tokens(), Origins()), Rates(0), runs, bearer_only=False)
        deadlines = Deadlines(60, 60, 60)
        chains = {"leaving": prepare("leaving", chain)}  # LangServe keeps models by name
        mount(app, chains, playground=True, guard=guard, deadlines=deadlines, runs=runs)
        return app

    return served


async def test_a_run_is_waited_for_and_no_other_begun(visit: Any, serve: Any, runs: Runs) -> None:
    chain = Gated()
    async with visit(serve(chain.runnable())) as client:
        invoked = asyncio.create_task(client.post("/chains/leaving/invoke", json=ASKED))
        await chain.begun.wait()
        draining = asyncio.create_task(runs.drain(60))
        await asyncio.sleep(0)
        refused = await client.post("/chains/leaving/invoke", json=ASKED)
        assert (refused.status_code, refused.json()["code"]) == (503, Code.OVERLOADED)
        assert (await client.get("/chains/leaving/input_schema")).status_code == 200
        assert not draining.done()
        chain.released.set()
        assert (await invoked).json().get("output") == "half whole", (await invoked).text
        await draining


async def test_a_run_that_outlives_the_time_is_told_that_the_server_leaves(
    visit: Any, serve: Any, runs: Runs
) -> None:
    chain = Gated()
    async with visit(serve(chain.runnable())) as client:
        invoked = asyncio.create_task(client.post("/chains/leaving/invoke", json=ASKED))
        await chain.begun.wait()
        await runs.drain(0)
        assert ((await invoked).status_code, (await invoked).json()["code"]) == (503, Code.OVERLOADED)


async def test_a_stream_that_outlives_the_time_ends_with_an_error(visit: Any, serve: Any, runs: Runs) -> None:
    chain = Gated()
    async with visit(serve(chain.runnable())) as client:
        streamed = asyncio.create_task(client.post("/chains/leaving/stream", json=ASKED))
        await chain.begun.wait()
        await runs.drain(0)
        text = (await streamed).text
        assert "half " in text
        assert "event: error" in text


async def test_a_server_without_runs_does_not_wait() -> None:
    await Runs().drain(60)


@pytest.mark.parametrize("route", ["invoke", "stream"])
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
async def test_a_chain_cannot_end_the_process_on_this_way_either(
    visit: Any, serve: Any, runs: Runs, route: str, error: type[BaseException]
) -> None:
    async def leave_for_good(given: AsyncIterator[Any]) -> AsyncIterator[str]:
        async for _ in given:
            pass
        yield "half"
        raise error

    async with visit(
        serve(RunnableGenerator(leave_for_good).with_types(input_type=ChatInput, output_type=str))
    ) as client:
        with suppress(ExitRefusedError):  # which the app turns into a 500
            await client.post(f"/chains/leaving/{route}", json=ASKED)
        assert (await client.get("/chains/leaving/input_schema")).status_code == 200
