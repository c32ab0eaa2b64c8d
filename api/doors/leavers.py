"""Requests whose client has left."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.doors.limits import has_body
from api.doors.who import SAFE_METHODS


class Leavers:
    """ASGI middleware: a request that changes nothing is broken off when its client leaves.

    Nobody would hear the answer; and clients that lose patience and ask again would each time add to the work
    that keeps them waiting, so that a server which was too slow once would stay so.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in SAFE_METHODS or has_body(scope):
            await self._app(scope, receive, send)
            return
        heard = _Heard(receive)
        try:
            async with asyncio.timeout(None) as limit:
                watching = asyncio.create_task(heard.until_left(limit))
                try:
                    await self._app(scope, heard, send)
                finally:
                    watching.cancel()
        except TimeoutError:
            if not limit.expired():
                raise


class _Heard:
    """Receives the one message of a request without a body, and then the news that its client has left."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._told = False
        self._left = asyncio.Event()

    async def __call__(self) -> Message:
        if not self._told:
            self._told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def until_left(self, limit: asyncio.Timeout) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left.set()
        limit.reschedule(asyncio.get_running_loop().time())
