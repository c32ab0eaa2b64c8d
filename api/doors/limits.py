"""What the body of a request must be before anything parses it."""

from collections.abc import Callable, Mapping

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core.errors import ChatError, Code
from api.doors.who import SAFE_METHODS
from api.wire.depth import DEPTH, depth_ok

NOT_JSON = "Send JSON, with the header Content-Type: application/json."
TOO_DEEP = f"This JSON is nested deeper than {DEPTH} levels. Send a flatter one."


class BodyLimit:
    """ASGI middleware: a body is JSON in UTF-8, nested at most 16 levels, of at most `limit` bytes.

    That JSON has to be declared keeps other sites' forms out. At a path of `uploads` a body may be anything
    of at most so many bytes, counted as they come. `refuse` makes the response to a ChatError: `too_large`,
    `unsupported_media_type` or `bad_json`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int,
        uploads: Mapping[str, int],
        refuse: Callable[[ChatError], ASGIApp],
    ) -> None:
        self._app = app
        self._limit = limit
        self._uploads = uploads
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or not has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            allowed = await self._check(scope, receive)
        except ChatError as error:
            await self._refuse(error)(scope, receive, send)
        else:
            await self._app(scope, allowed, send)

    async def _check(self, scope: Scope, receive: Receive) -> Receive:
        upload = self._uploads.get(_path(scope))
        limit = self._limit if upload is None else upload
        if _declared(scope) > limit:
            raise _too_large(limit)
        counted = _Counted(receive, limit)
        if upload is not None:
            return counted
        if not _says_json(scope):
            raise ChatError(Code.UNSUPPORTED_MEDIA_TYPE, NOT_JSON)
        messages = await _whole(counted)
        if messages[-1]["type"] == "http.request":  # else the client has left in mid-body
            _check_json(b"".join(each.get("body", b"") for each in messages))
        return _Replayed(messages, receive)


class _Counted:
    """Receives until `limit` bytes have come, and raises `too_large` for the next one."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            raise _too_large(self._limit)
        return message


class _Replayed:
    """Receives what was read already, then what comes after it (the news that the client has gone)."""

    def __init__(self, messages: list[Message], receive: Receive) -> None:
        self._messages = iter(messages)
        self._receive = receive

    async def __call__(self) -> Message:
        if (message := next(self._messages, None)) is not None:
            return message
        return await self._receive()


async def _whole(receive: Receive) -> list[Message]:
    """All messages of the body, or up to the client's leaving."""
    messages = [await receive()]
    while messages[-1]["type"] == "http.request" and messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def _check_json(body: bytes) -> None:
    """Raise `bad_json` for what is too deep to be parsed, or no JSON to a strict parser.

    The one behind this guesses UTF-16 and lets lone surrogates and NaN through, which nothing can store.
    """
    if not depth_ok(body):
        raise ChatError(Code.BAD_JSON, TOO_DEEP)
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ChatError(Code.BAD_JSON) from error


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")).rstrip("/")


def has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _says_json(scope: Scope) -> bool:
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _too_large(limit: int) -> ChatError:
    return ChatError(Code.TOO_LARGE, f"This is larger than the {limit:,} bytes that are accepted. Send less.")
