"""Requests whose client leaves before they are answered."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.doors.leavers import Leavers

pytestmark = pytest.mark.anyio

SOON_S = 5
BODY = (b"content-length", b"2")


class Client:
    """Sends a request, and leaves when it is told to."""

    def __init__(self, method: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self.scope: Scope = {"type": "http", "method": method, "path": "/", "headers": list(headers)}
        self.left = asyncio.Event()
        self.heard: list[Message] = []
        self._sent = False

    async def receive(self) -> Message:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.heard.append(message)

    async def ask(self, app: ASGIApp) -> None:
        async with asyncio.timeout(SOON_S):
            await Leavers(app)(self.scope, self.receive, self.send)


class Slow:
    """An app that answers when it is let go; tells how it ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = ""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.begun.set()
        try:
            await self.go_on.wait()
            await send({"type": "http.response.start", "status": 200})
            self.ended = "answered"
        except asyncio.CancelledError:
            self.ended = "broken off"
            raise


async def test_a_read_that_nobody_waits_for_any_more_is_broken_off() -> None:
    client, app = Client("GET"), Slow()
    asking = asyncio.create_task(client.ask(app))
    await app.begun.wait()
    client.left.set()
    await asking
    assert (app.ended, client.heard) == ("broken off", [])


@pytest.mark.parametrize(
    ("method", "headers"),
    [("POST", [BODY]), ("DELETE", []), ("GET", [BODY])],
    ids=["POST", "DELETE", "GET with a body"],
)
async def test_what_may_change_something_is_carried_out(
    method: str, headers: Iterable[tuple[bytes, bytes]]
) -> None:
    client, app = Client(method, headers), Slow()
    asking = asyncio.create_task(client.ask(app))
    await app.begun.wait()
    client.left.set()
    app.go_on.set()
    await asking
    assert app.ended == "answered"


async def test_whoever_stays_is_answered_and_nothing_goes_on_behind_that() -> None:
    client, app = Client("GET"), Slow()
    app.go_on.set()
    before = asyncio.all_tasks()
    await client.ask(app)
    await asyncio.sleep(0)
    assert [message["type"] for message in client.heard] == ["http.response.start"]
    assert asyncio.all_tasks() == before


async def test_an_app_that_listens_hears_the_request_and_then_that_its_client_has_left() -> None:
    client = Client("GET")
    heard: list[str] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.append((await receive())["type"])
        client.left.set()
        try:
            await asyncio.Event().wait()
        finally:
            heard.append((await receive())["type"])

    await client.ask(app)
    assert heard == ["http.request", "http.disconnect"]


async def test_a_time_that_the_app_has_set_itself_is_its_own_matter() -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await Leavers(app)(Client("GET").scope, Client("GET").receive, Client("GET").send)
