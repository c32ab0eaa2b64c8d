from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from api.core.errors import ChatError
from api.doors.limits import BodyLimit

pytestmark = pytest.mark.anyio

LIMIT, UPLOAD = 1000, 5000


def refuse(error: ChatError) -> JSONResponse:
    return JSONResponse({"code": error.code}, error.rule.http or 500)


@pytest.fixture
def door(app: FastAPI) -> BodyLimit:
    async def length(request: Request) -> int:
        return len(await request.body())

    app.add_api_route("/echo", length, methods=["GET", "POST", "DELETE"])
    app.add_api_route("/uploads", length, methods=["POST"])
    app.add_api_route("/uploads/more", length, methods=["POST"])
    return BodyLimit(app, limit=LIMIT, uploads={"/uploads": UPLOAD}, refuse=refuse)


async def chunks(size: int) -> AsyncIterator[bytes]:
    yield b'"'
    for _ in range(size - 2):
        yield b"a"
    yield b'"'


def sized(size: int) -> bytes:
    return b'"' + b"a" * (size - 2) + b'"'


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_may_have_so_many_bytes_and_no_more(door: BodyLimit, visit: Any, chunked: bool) -> None:
    def body(size: int) -> Any:
        return chunks(size) if chunked else sized(size)

    async with visit(door) as client:
        assert (await client.post("/echo", content=body(LIMIT), headers=JSON)).json() == LIMIT
        answer = await client.post("/echo", content=body(LIMIT + 1), headers=JSON)
        assert (answer.status_code, answer.json()) == (413, {"code": "too_large"})


@pytest.mark.parametrize("chunked", [False, True])
async def test_uploads_have_a_limit_of_their_own(door: BodyLimit, visit: Any, chunked: bool) -> None:
    def body(size: int) -> Any:
        return chunks(size) if chunked else sized(size)

    async with visit(door) as client:
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        assert (await client.post("/uploads", content=body(UPLOAD), headers=form)).json() == UPLOAD
        answer = await client.post("/uploads", content=body(UPLOAD + 1), headers=form)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/ld+json"]
)
async def test_json_is_json_however_it_is_written(door: BodyLimit, visit: Any, kind: str) -> None:
    async with visit(door) as client:
        assert (await client.post("/echo", content=b"{}", headers={"Content-Type": kind})).json() == 2


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", ""]
)
async def test_what_another_sites_form_can_send_is_unsupported(
    door: BodyLimit, visit: Any, kind: str
) -> None:
    async with visit(door) as client:
        for path in ("/echo", "/uploads/more"):
            answer = await client.post(path, content=b"{}", headers={"Content-Type": kind})
            assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_without_a_body_no_type_is_needed(door: BodyLimit, visit: Any) -> None:
    async with visit(door) as client:
        for method in ("GET", "POST", "DELETE"):
            assert (await client.request(method, "/echo")).json() == 0


@pytest.mark.parametrize(
    "body",
    [b"[" * 17, b'{"a":' * 17, b"\xff\xfe[\0", '{"a":1}'.encode("utf-16-le"), b'"\xff"', b'"\0"', b"[" * 900],
)
async def test_what_a_parser_should_not_see_is_bad_json(door: BodyLimit, visit: Any, body: bytes) -> None:
    async with visit(door) as client:
        answer = await client.post("/echo", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_json")


async def test_sixteen_levels_pass(door: BodyLimit, visit: Any) -> None:
    async with visit(door) as client:
        body = b"[" * 16 + b"]" * 16
        assert (await client.post("/echo", content=body, headers=JSON)).json() == 32


async def test_under_a_root_path_the_same_paths_count(visit: Any) -> None:
    async def accept(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse("accepted")(scope, receive, send)

    door = BodyLimit(accept, limit=LIMIT, uploads={"/uploads": UPLOAD}, refuse=refuse)

    async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
        await door({**scope, "root_path": "/chat"}, receive, send)

    async with visit(proxied) as client:
        answer = await client.post("/chat/uploads", content=b"x", headers={"Content-Type": "image/png"})
        assert answer.json() == "accepted"


async def test_what_is_declared_too_large_is_refused_before_it_comes() -> None:
    sent: list[Message] = []

    async def never(*_arguments: object) -> Message:
        pytest.fail("nothing is to be read and nothing to be run")

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"11")]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    await BodyLimit(never, limit=10, uploads={}, refuse=refuse)(scope, never, send)  # type: ignore[arg-type]  # not run
    assert sent[0]["status"] == 413


async def test_whoever_follows_still_hears_that_the_client_has_gone() -> None:
    heard: list[str] = []

    async def listen(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.extend([(await receive())["type"] for _ in range(3)])

    incoming: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.request", "body": b"}"},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return incoming.pop(0)

    async def send(_message: Message) -> None:
        pytest.fail("nothing is to be answered")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
    }
    await BodyLimit(listen, limit=10, uploads={}, refuse=refuse)(scope, receive, send)
    assert heard == ["http.request", "http.request", "http.disconnect"]


async def test_a_client_that_leaves_in_mid_body_is_no_error() -> None:
    incoming: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    heard: list[str] = []

    async def listen(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.extend([(await receive())["type"] for _ in range(2)])

    async def receive() -> Message:
        return incoming.pop(0)

    async def send(_message: Message) -> None:
        pytest.fail("nobody is there")

    headers = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    await BodyLimit(listen, limit=10, uploads={}, refuse=refuse)(scope, receive, send)
    assert heard == ["http.request", "http.disconnect"]
