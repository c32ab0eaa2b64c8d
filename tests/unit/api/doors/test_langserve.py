import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from importlib.resources import files
from typing import Any, TypeAlias

import anyio
import httpx
import pytest
from fastapi import FastAPI
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import (
    ConfigurableField,
    Runnable,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
)
from langchain_core.runnables.utils import AddableDict
from langserve.lzstring import LZString
from structlog.testing import capture_logs

from api.auth.origins import Origins
from api.auth.rates import Rates
from api.doors.langserve import Deadlines, Guard, mount
from api.doors.runs import Runs
from api.doors.who import Who
from chains.contract import ChatInput, prepare

pytestmark = pytest.mark.anyio

Serve: TypeAlias = Callable[..., FastAPI]
PATIENT = Deadlines(60, 60, 60)
ANSWER = "The sky is blue."
HUMAN = {"type": "human", "content": "Why?"}


def plain() -> Runnable[Any, str]:
    model = FakeListChatModel(responses=[ANSWER])
    return ChatPromptTemplate.from_template("{question}") | model | StrOutputParser()


async def _speak(given: AsyncIterator[Any]) -> AsyncIterator[AddableDict]:
    async for _ in given:
        pass
    yield AddableDict(answer="The sky ")
    yield AddableDict(answer="is blue.")
    yield AddableDict(sources=[], confidence=0.5)


def dicts() -> Runnable[Any, AddableDict]:
    return RunnableGenerator(_speak).with_types(input_type=ChatInput, output_type=AddableDict)


CASES = [
    ("plain", {"question": "Why?"}, ANSWER),
    ("dicts", {"question": "Why?"}, {"answer": ANSWER, "sources": [], "confidence": 0.5}),
    ("plain/text", {"messages": [HUMAN]}, ANSWER),
    ("dicts/text", {"messages": [HUMAN, {"type": "ai", "content": "So."}, HUMAN]}, ANSWER),
]
every_chain = pytest.mark.parametrize(("path", "given", "answer"), CASES)


@pytest.fixture(scope="module")
def serve(make_app: Callable[[], FastAPI], tokens: Any) -> Serve:
    """An app with LangServe's routes, by default of the two chains above."""

    def served(
        *,
        playground: bool = True,
        bearer_only: bool = False,
        per_minute: int = 0,
        deadlines: Deadlines = PATIENT,
        **chains: Runnable[Any, Any],
    ) -> FastAPI:
        who = Who(tokens(bearer_only=bearer_only), Origins())
        runs = Runs()
        guard = Guard(who, Rates(per_minute), runs, bearer_only=bearer_only)
        chains = chains or {"plain": plain(), "dicts": dicts()}
        prepared = {name: prepare(name, chain) for name, chain in chains.items()}
        app = make_app()
        mount(app, prepared, playground=playground, guard=guard, deadlines=deadlines, runs=runs)
        return app

    return served


@pytest.fixture(scope="module")
def standard(serve: Serve) -> FastAPI:
    return serve()


def events(text: str) -> list[tuple[str, Any]]:
    """The events of a stream: their names and their data."""
    found = []
    for block in filter(None, text.replace("\r\n", "\n").split("\n\n")):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines.get("data", "null"))))
    return found


def added(pieces: list[Any]) -> Any:
    total = AddableDict(pieces[0]) if isinstance(pieces[0], dict) else pieces[0]
    for piece in pieces[1:]:
        total = total + piece
    return total


@every_chain
async def test_invoke_gives_the_whole_answer(
    standard: FastAPI, visit: Any, path: str, given: Any, answer: Any
) -> None:
    async with visit(standard) as client:
        found = await client.post(f"/chains/{path}/invoke", json={"input": given})
        assert (found.status_code, found.json()["output"]) == (200, answer)


@every_chain
async def test_batch_gives_an_answer_for_each(
    standard: FastAPI, visit: Any, path: str, given: Any, answer: Any
) -> None:
    async with visit(standard) as client:
        found = await client.post(f"/chains/{path}/batch", json={"inputs": [given, given]})
        assert (found.status_code, found.json()["output"]) == (200, [answer, answer])


@every_chain
async def test_stream_gives_pieces_that_add_up(
    standard: FastAPI, visit: Any, path: str, given: Any, answer: Any
) -> None:
    async with visit(standard) as client:
        found = events((await client.post(f"/chains/{path}/stream", json={"input": given})).text)
        pieces = [data for name, data in found if name == "data"]
        assert len(pieces) > 1
        assert added(pieces) == answer
        assert [found[0][0], found[-1][0]] == ["metadata", "end"]


@every_chain
async def test_stream_log_ends_with_the_whole_answer(
    standard: FastAPI, visit: Any, path: str, given: Any, answer: Any
) -> None:
    async with visit(standard) as client:
        found = events((await client.post(f"/chains/{path}/stream_log", json={"input": given})).text)
        operations = [each for name, data in found if name == "data" for each in data["ops"]]
        pieces = [each["value"] for each in operations if each["path"] == "/streamed_output/-"]
        assert added(pieces) == answer
        assert found[-1][0] == "end"


@every_chain
async def test_stream_events_tells_of_every_piece(
    standard: FastAPI, visit: Any, path: str, given: Any, answer: Any
) -> None:
    async with visit(standard) as client:
        found = events((await client.post(f"/chains/{path}/stream_events", json={"input": given})).text)
        pieces = [
            data["data"]["chunk"]
            for name, data in found
            if name == "data" and data["event"] == "on_chain_stream" and not data["parent_ids"]
        ]
        assert added(pieces) == answer
        assert found[-1][0] == "end"


@pytest.mark.parametrize("kind", ["input", "output", "config"])
@every_chain
async def test_schemas_are_shown(
    standard: FastAPI, visit: Any, path: str, given: Any, answer: Any, kind: str
) -> None:
    async with visit(standard) as client:
        assert "title" in (await client.get(f"/chains/{path}/{kind}_schema")).json()


@every_chain
async def test_the_playground_opens_with_all_its_assets(
    standard: FastAPI, visit: Any, path: str, given: Any, answer: Any
) -> None:
    async with visit(standard) as client:
        page = await client.get(f"/chains/{path}/playground/")
        assert page.headers["content-type"].startswith("text/html")
        assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(assets) == 3
        for each in assets:
            assert each.startswith(f"/chains/{path}/playground/")
            found = await client.get(each)
            assert (found.status_code, len(found.content) > 100) == (200, True)


async def test_each_chain_has_the_playground_that_fits_it(standard: FastAPI, visit: Any) -> None:
    titles = {}
    async with visit(standard) as client:
        for path in ("plain", "plain/text"):
            page = await client.get(f"/chains/{path}/playground/")
            titles[path] = re.findall("<title>(.*)</title>", page.text)
    assert titles == {"plain": ["Playground"], "plain/text": ["Chat Playground"]}


async def test_every_file_of_the_playground_is_served(standard: FastAPI, visit: Any) -> None:
    async with visit(standard) as client:
        for folder, path in (("playground", "plain"), ("chat_playground", "plain/text")):
            dist = files("langserve") / folder / "dist" / "assets"
            for file in dist.iterdir():
                answer = await client.get(f"/chains/{path}/playground/assets/{file.name}")
                assert answer.status_code == 200


@pytest.mark.parametrize(
    "name", ["assets", "nothing", "a%00b", "..%2f..%2fserver.py", "assets/../../index.html"]
)
async def test_what_the_playground_has_not_is_not_found(standard: FastAPI, visit: Any, name: str) -> None:
    async with visit(standard) as client:
        assert (await client.get(f"/chains/plain/playground/{name}")).status_code == 404


async def test_the_playground_can_be_switched_off(serve: Serve, visit: Any) -> None:
    async with visit(serve(playground=False)) as client:
        for path in ("plain", "plain/text"):
            assert (await client.get(f"/chains/{path}/playground/")).status_code == 404
            assert (await client.get(f"/chains/{path}/input_schema")).status_code == 200


async def test_there_is_no_feedback_and_no_trace_link(standard: FastAPI, visit: Any) -> None:
    async with visit(standard) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    assert "/chains/plain/invoke" in paths
    assert not [each for each in paths if re.search(r"feedback|trace", each)]


async def test_configs_in_the_path_are_there_for_the_playground_alone(serve: Serve, visit: Any) -> None:
    found = {}
    for playground in (True, False):
        async with visit(serve(playground=playground)) as client:
            paths = (await client.get("/openapi.json")).json()["paths"]
            found[playground] = any("/c/" in each for each in paths)
    assert found == {True: True, False: False}


async def test_what_a_client_configures_reaches_no_chain(serve: Serve, visit: Any) -> None:
    seen: list[Any] = []

    def look(_given: Any, config: RunnableConfig) -> str:
        seen.append(config)
        return "ok"

    config = {"configurable": {"mine": 1}, "tags": ["mine"], "metadata": {"mine": 1}, "run_name": "mine"}
    body = {"input": {"question": "a"}, "inputs": [{"question": "a"}], "config": config}
    async with visit(serve(nosy=RunnableLambda(look).with_types(input_type=ChatInput))) as client:
        for endpoint in ("invoke", "batch", "stream", "stream_log", "stream_events"):
            assert (await client.post(f"/chains/nosy/{endpoint}", json=body)).status_code == 200
        in_path = LZString.compressToEncodedURIComponent(json.dumps(config))  # type: ignore[no-untyped-call]  # it has no types
        assert (await client.post(f"/chains/nosy/c/{in_path}/invoke", json=body)).status_code == 200
    assert len(seen) == 6
    assert "mine" not in str(seen)


async def test_a_configurable_chain_stays_as_its_author_made_it(serve: Serve, visit: Any) -> None:
    model = FakeListChatModel(responses=[ANSWER]).configurable_fields(responses=ConfigurableField("said"))
    async with visit(serve(open=ChatPromptTemplate.from_template("{question}") | model)) as client:
        body = {"input": {"question": "Why?"}, "config": {"configurable": {"said": ["mine"]}}}
        answer = await client.post("/chains/open/invoke", json=body)
    assert "mine" not in answer.text


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("invoke", {}),
        ("invoke", []),
        ("invoke", {"input": 7}),
        ("stream", {"input": {}}),
        ("stream_log", {"input": {"question": []}}),
        ("stream_events", {"input": None}),
        ("batch", {}),
        ("batch", []),
        ("batch", {"inputs": 7}),
        ("batch", {"inputs": [7]}),
        ("batch", {"inputs": [{"question": "a"}], "config": [{}, {}]}),
    ],
)
async def test_a_wrong_input_is_the_clients_error(
    standard: FastAPI, visit: Any, endpoint: str, body: Any
) -> None:
    async with visit(standard) as client:
        assert (await client.post(f"/chains/plain/{endpoint}", json=body)).status_code == 422


def test_two_event_loops_in_a_row_can_stream(standard: FastAPI, visit: Any) -> None:

    async def once() -> str:
        async with visit(standard) as client:
            answer = await client.post("/chains/plain/stream", json={"input": {"question": "Why?"}})
            return str(added([data for name, data in events(answer.text) if name == "data"]))

    assert [asyncio.run(once()) for _ in range(2)] == [ANSWER, ANSWER]


async def test_starting_prints_no_banner(standard: FastAPI, capsys: pytest.CaptureFixture[str]) -> None:
    async with standard.router.lifespan_context(standard):
        pass
    assert capsys.readouterr() == ("", "")


async def test_a_foreign_page_runs_nothing(standard: FastAPI, visit: Any) -> None:
    async with visit(standard, Origin="http://evil.example") as client:
        for endpoint in ("invoke", "stream", "batch", "stream_log", "stream_events"):
            answer = await client.post(f"/chains/plain/{endpoint}", json={"input": {"question": "Why?"}})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_with_tokens_nobody_gets_in_without_one(serve: Serve, visit: Any) -> None:
    async with visit(serve(bearer_only=True)) as client:
        body = {"input": {"question": "Why?"}}
        for path in ("playground/", "input_schema", "output_schema", "config_schema"):
            assert (await client.get(f"/chains/plain/{path}")).status_code == 401
        for path in ("invoke", "stream", "batch", "stream_log", "stream_events"):
            assert (await client.post(f"/chains/plain/{path}", json=body)).status_code == 401
        assert (
            await client.post("/chains/plain/invoke", json=body, headers={"Authorization": "Bearer anna"})
        ).status_code == 200


async def test_messages_a_minute_are_counted_for_each_user(serve: Serve, visit: Any) -> None:
    async with visit(serve(per_minute=2)) as client:
        body = {"input": {"question": "Why?"}}
        for path in ("invoke", "stream"):
            assert (await client.post(f"/chains/plain/{path}", json=body)).status_code == 200
        answer = await client.post("/chains/dicts/text/invoke", json=body)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert (await client.get("/chains/plain/input_schema")).status_code == 200
        client.headers["Authorization"] = "Bearer anna"
        assert (await client.post("/chains/plain/invoke", json=body)).status_code == 200


async def test_a_batch_counts_as_many_messages_as_it_has(serve: Serve, visit: Any) -> None:
    async with visit(serve(per_minute=2)) as client:
        inputs = [{"question": "Why?"}] * 3
        assert (await client.post("/chains/plain/batch", json={"inputs": inputs})).status_code == 429
        assert (await client.post("/chains/plain/batch", json={"inputs": inputs[:2]})).status_code == 200


class Endless:
    """A chain that says some pieces and then hangs; `closed` tells that it was left."""

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces
        self.closed = asyncio.Event()

    async def speak(self, given: AsyncIterator[Any]) -> AsyncIterator[str]:
        async for _ in given:
            pass
        try:
            for _ in range(self._pieces):
                yield "word "
            await asyncio.Event().wait()
        finally:
            self.closed.set()

    def runnable(self) -> Runnable[Any, str]:
        return RunnableGenerator(self.speak).with_types(input_type=ChatInput, output_type=str)


@pytest.mark.parametrize(
    ("pieces", "deadlines"),
    [(0, Deadlines(0.05, 60, 60)), (2, Deadlines(60, 0.05, 60)), (2, Deadlines(60, 60, 0.05))],
)
async def test_a_stream_that_hangs_is_ended_and_says_so(
    serve: Serve, visit: Any, pieces: int, deadlines: Deadlines
) -> None:
    chain = Endless(pieces)
    async with visit(serve(slow=chain.runnable(), deadlines=deadlines)) as client:
        with anyio.fail_after(10):
            answer = await client.post("/chains/slow/stream", json={"input": {"question": "Why?"}})
    found = events(answer.text)
    assert [name for name, _ in found].count("data") == pieces
    assert found[-1][0] == "error"
    assert found[-1][1]["message"] == "The answer took too long and was ended. Try again."
    await asyncio.wait_for(chain.closed.wait(), 10)


@pytest.mark.parametrize("endpoint", ["invoke", "batch"])
async def test_a_run_that_hangs_is_ended(serve: Serve, visit: Any, endpoint: str) -> None:
    chain = Endless(1)
    async with visit(serve(slow=chain.runnable(), deadlines=Deadlines(60, 60, 0.05))) as client:
        body = {"input": {"question": "Why?"}, "inputs": [{"question": "Why?"}]}
        with anyio.fail_after(10):
            answer = await client.post(f"/chains/slow/{endpoint}", json=body)
    assert answer.json()["code"] == "chain_timeout"
    await asyncio.wait_for(chain.closed.wait(), 10)


async def test_a_chain_that_breaks_in_mid_stream_says_so_without_details(serve: Serve, visit: Any) -> None:
    async def break_off(given: AsyncIterator[Any]) -> AsyncIterator[str]:
        async for _ in given:
            pass
        yield "word"
        raise RuntimeError("a secret detail")

    chain = RunnableGenerator(break_off).with_types(input_type=ChatInput, output_type=str)
    async with visit(serve(broken=chain)) as client:
        with capture_logs() as logs:
            answer = await client.post("/chains/broken/stream", json={"input": {"question": "Why?"}})
    assert [name for name, _ in events(answer.text)] == ["metadata", "data", "error"]
    assert "a secret detail" not in answer.text
    assert "a secret detail" not in str(logs)
    assert [each["error"] for each in logs] == ["RuntimeError"]


async def test_a_client_that_leaves_ends_the_run(serve: Serve) -> None:
    chain = Endless(1)
    app = serve(slow=chain.runnable())
    left = asyncio.Event()
    body = json.dumps({"input": {"question": "Why?"}}).encode()
    incoming: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": body}])

    async def receive() -> dict[str, Any]:
        if (message := next(incoming, None)) is not None:
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if b"word" in message.get("body", b""):
            left.set()

    request = httpx.Request("POST", "http://chat.example/chains/slow/stream")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"chat.example"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 5000),
        "server": ("chat.example", 80),
    }
    await asyncio.wait_for(app(scope, receive, send), 10)
    await asyncio.wait_for(chain.closed.wait(), 10)
