"""A server that is told to leave, as a process of its own: what its clients see, and how it ends."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.faults.asking import identified
from tests.faults.launching import Zygote, zygote
from tests.faults.server import Server

pytestmark = pytest.mark.anyio

Frame = dict[str, Any]  # whatever a frame holds
AT_ONCE = {"Prefer": "respond-async"}
WAIT_S = 20
CHAINS = """
import asyncio, time
from pathlib import Path
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from chains.contract import ChatInput

async def transform(given):
    inputs = [each async for each in given][-1]
    question = inputs["question"] if isinstance(inputs, dict) else inputs.question
    yield "half "
    while question == "Wait." and not Path("release").exists():
        await asyncio.sleep(0.01)
    if question == "Hang.":
        await asyncio.Event().wait()
    while question == "Cling.":
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass
    if question == "Sleep.":
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, 3600)
    if question == "Flood.":
        for _ in range(500):
            yield "x" * 100_000
    yield "whole"

chain = RunnableGenerator(transform).with_types(input_type=ChatInput)
"""


@pytest.fixture(scope="module")
def launcher() -> Any:  # an iterator of one
    with zygote() as found:
        yield found


@asynccontextmanager
async def started(launcher: Zygote, folder: Path, **settings: Any) -> AsyncIterator["Client"]:
    (folder / "leaving_chains.py").write_text(CHAINS)
    async with Server(launcher, folder, chains="gated=leaving_chains:chain", **settings) as server:
        await server.start()
        me = await identified(server)
        async with server.client(headers=me) as http:
            yield Client(server, http, me)


class Client:
    """Somebody who talks to the server through every door."""

    def __init__(self, server: Server, http: httpx.AsyncClient, me: dict[str, str]) -> None:
        self.server = server
        self.http = http
        self._me = me

    def socket(self, **options: Any) -> Any:  # a connection that is yet to be made
        return connect(self.server.socket_url, additional_headers=self._me, proxy=None, **options)

    async def ask(self, content: str, **fields: Any) -> Frame:
        """Sends; returns once the answer has said something."""
        sent = await self.http.post(
            "/api/chat/messages", json={"content": content, **fields}, headers=AT_ONCE
        )
        ack: Frame = sent.raise_for_status().json()
        while not (await self.answer(ack))["content"]:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.01)
        return ack

    async def answer(self, ack: Frame) -> Frame:
        path = f"/api/chat/sessions/{ack['session_id']}/messages/{ack['pending_message_id']}"
        found: Frame = (await self.http.get(path)).raise_for_status().json()
        return found

    async def told_to_leave(self, sig: signal.Signals = signal.SIGTERM) -> Frame:
        """Returns what `/readyz` says, as soon as it is that the server leaves."""
        self.server.process.send(sig)
        async with asyncio.timeout(WAIT_S):
            while (ready := await self.http.get("/readyz")).status_code == httpx.codes.OK:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        assert ready.status_code == httpx.codes.SERVICE_UNAVAILABLE
        found: Frame = ready.json()
        return found

    def release(self) -> None:
        (self.server.folder / "release").touch()


async def follow(connection: ClientConnection, ack: Frame) -> None:
    await connection.send(json.dumps({"type": "subscribe", "session_id": ack["session_id"]}))


async def until_closed(connection: ClientConnection) -> tuple[list[Frame], int | None]:
    frames: list[Frame] = []
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                frames.append(json.loads(await connection.recv()))
    except ConnectionClosed as closed:
        return logged(frames), None if closed.rcvd is None else closed.rcvd.code


async def events(client: Client, ack: Frame, begun: asyncio.Event) -> list[Frame]:
    """All that an event stream tells until it ends."""
    path = f"/api/chat/sessions/{ack['session_id']}/events"
    async with client.http.stream("GET", path) as stream:
        found = []
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line[6:]))
                begun.set()
        return logged(found)


def logged(frames: list[Frame]) -> list[Frame]:
    """Without hints, which may come or not."""
    return [frame for frame in frames if "seq" in frame]


def text_of(frames: list[Frame]) -> str:
    return "".join(frame["content"] for frame in frames if frame["type"] == "token")


async def test_while_it_leaves_answers_end_and_nothing_new_is_taken(launcher: Zygote, tmp_path: Path) -> None:
    async with started(launcher, tmp_path) as client, client.socket() as follower, client.socket() as idle:
        ack = await client.ask("Wait.", client_message_id="k")
        await follow(follower, ack)
        begun = asyncio.Event()
        streaming = asyncio.create_task(events(client, ack, begun))
        repeated = {"content": "Wait.", "client_message_id": "k"}
        posting = asyncio.create_task(client.http.post("/api/chat/messages", json=repeated))
        await begun.wait()

        assert "leaving" in (await client.told_to_leave())["reason"]
        await refused(client, idle, ack)
        again = await client.http.post("/api/chat/messages", json=repeated, headers=AT_ONCE)
        assert (again.json()["duplicate"], again.json()["status"]) == (True, "streaming")
        async with client.socket() as late:
            await late.send('{"type": "hello", "protocol": 1}')
            assert json.loads(await late.recv())["type"] == "welcome"

        client.release()
        frames, code = await until_closed(follower)
        assert (text_of(frames), frames[-1]["type"], frames[-1]["status"]) == (
            "half whole",
            "done",
            "complete",
        )
        assert code == 1012
        assert (await until_closed(idle))[1] == 1012
        told = await streaming
        assert (text_of(told), told[-1]["type"]) == ("half whole", "done")
        assert (await posting).json()["message"]["content"] == "half whole"
        assert await client.server.wait() == 0


async def refused(client: Client, connection: ClientConnection, ack: Frame) -> None:
    """Nothing new through any door."""
    path = f"/api/chat/sessions/{ack['session_id']}/messages"
    new = {"content": "New?"}
    answers = [
        await client.http.post("/api/chat/messages", json=new),
        await client.http.post("/api/chat/messages", json=new, headers=AT_ONCE),
        await client.http.post(f"{path}/{ack['pending_message_id']}/retry", json={}),
        await client.http.post("/chains/gated/invoke", json={"input": {"question": "New?"}}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert answer.json()["retry_after_ms"] > 0
    for frame in ({"type": "send", **new}, {"type": "retry", "message_id": ack["pending_message_id"]}):
        await connection.send(json.dumps(frame))
        while (error := json.loads(await connection.recv()))["type"] == "session":
            pass
        assert (error["type"], error["code"], error["retry_after_ms"] > 0) == ("error", "overloaded", True)


@pytest.mark.parametrize("question", ["Hang.", "Cling."])
async def test_what_outlives_the_time_is_interrupted_and_its_followers_are_told(
    launcher: Zygote, tmp_path: Path, question: str
) -> None:
    async with started(launcher, tmp_path, drain_seconds=0.2) as client, client.socket() as follower:
        ack = await client.ask(question)
        await follow(follower, ack)
        begun = asyncio.Event()
        streaming = asyncio.create_task(events(client, ack, begun))
        await begun.wait()
        client.server.process.send(signal.SIGTERM)
        frames, code = await until_closed(follower)
        assert (text_of(frames), frames[-1]["type"], frames[-1]["status"], code) == (
            "half ",
            "error",
            "interrupted",
            1012,
        )
        assert (await streaming)[-1]["status"] == "interrupted"
        assert await client.server.wait() == 0
        await client.server.start()
        answer = await client.answer(ack)
        assert (answer["content"], answer["status"]) == ("half ", "interrupted")


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_it_at_once(launcher: Zygote, tmp_path: Path, sig: signal.Signals) -> None:
    async with started(launcher, tmp_path, drain_seconds=3600) as client:
        ack = await client.ask("Hang.")
        await client.told_to_leave(sig)
        began = time.monotonic()
        client.server.process.send(sig)
        assert await client.server.wait() == 128 + sig
        assert time.monotonic() - began < WAIT_S
        await client.server.start()
        assert (await client.answer(ack))["status"] == "interrupted"


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_without_answers_leaves_its_connections_and_goes(
    launcher: Zygote, tmp_path: Path, sig: signal.Signals
) -> None:
    async with started(launcher, tmp_path, drain_seconds=3600) as client, client.socket() as idle:
        client.server.process.send(sig)
        assert (await until_closed(idle))[1] == 1012
        assert await client.server.wait() == 0


async def test_a_peer_that_reads_nothing_does_not_hold_the_exit_up(launcher: Zygote, tmp_path: Path) -> None:
    settings = {"drain_seconds": 0.2, "limit_output_bytes": 0}
    async with started(launcher, tmp_path, **settings) as client:
        ack = await client.ask("Flood.")
        path = f"/api/chat/sessions/{ack['session_id']}/events?epoch={ack['epoch']}&after=0"
        deaf = [await deaf_request(client, path) for _ in range(3)]
        while (await client.answer(ack))["status"] == "streaming":  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        client.server.process.send(signal.SIGTERM)
        began = time.monotonic()
        assert await client.server.wait() == 0
        assert time.monotonic() - began < WAIT_S
        assert "graceful" not in client.server.said(), "nothing had to be cancelled"
        for each in deaf:
            each.close()


async def deaf_request(client: Client, path: str) -> socket.socket:
    """A connection that asks for much and never reads."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.connect(("127.0.0.1", client.server.port))
    head = "".join(f"{name}: {value}\r\n" for name, value in client.http.headers.items())
    found.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode())
    return found


@pytest.mark.parametrize("question", ["Sleep.", "Cling."])
async def test_what_a_chain_has_left_in_a_thread_or_a_task_does_not_hold_the_exit_up(
    launcher: Zygote, tmp_path: Path, question: str
) -> None:
    async with started(launcher, tmp_path, drain_seconds=0) as client:
        ack = await client.ask(question)
        client.server.process.send(signal.SIGTERM)
        assert await client.server.wait() == 0
        await client.server.start()
        assert (await client.answer(ack))["status"] == "interrupted"
