"""Serving under a path, behind proxies that strip it and behind those that do not."""

from starlette.types import ASGIApp, Receive, Scope, Send


class UnderPath:
    """ASGI middleware: links begin with `root_path`, and requests are found with and without it in front."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            scope = {**scope, "root_path": self._root_path}
        await self._app(scope, receive, send)
