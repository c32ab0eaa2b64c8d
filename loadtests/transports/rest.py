"""The calls of REST that a client of the chat needs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
import orjson

from loadtests.errors import Refused, Unreached
from loadtests.protocol.backoff import Pace
from loadtests.protocol.frames import Frame
from loadtests.protocol.outbox import Entry

GATEWAY = {502, 503, 504}
_T = TypeVar("_T")


class Rest:
    """Speaks for one user over an HTTP client that many may share."""

    def __init__(self, http: httpx.AsyncClient, url: str, pace: Pace) -> None:
        self.http = http
        self.url = url
        self._pace = pace
        self._headers: dict[str, str] = {"Accept-Encoding": "identity"}

    def introduce(self, token: str) -> None:
        self._headers["Authorization"] = f"Bearer {token}"

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    async def identity(self) -> Frame:
        return await self._call("POST", "/identity")

    async def chains(self) -> Frame:
        return await self._call("GET", "/chains", timeout=self._pace.reply_s)

    async def page(self, session_id: str, before: str | None = None, limit: int = 50) -> Frame:
        params: dict[str, str | int] = {"limit": limit}
        if before is not None:
            params["before"] = before
        return await self._call("GET", f"/sessions/{session_id}/messages", params=params)

    async def message(self, session_id: str, message_id: str) -> Frame:
        return await self._call("GET", f"/sessions/{session_id}/messages/{message_id}")

    async def send(self, entry: Entry) -> Frame:
        """Return the ack of a send or retry."""
        frame = entry.frame()
        named = {key: value for key, value in frame.items() if key not in {"type", "message_id"}}
        path = "/messages"
        if entry.retry_of is not None:
            path = f"/sessions/{entry.session_id}/messages/{entry.retry_of}/retry"
        return await self._call("POST", path, json=named, headers={"Prefer": "respond-async"})

    async def stop(self, session_id: str, message_id: str) -> Frame:
        return await self._call("POST", f"/sessions/{session_id}/messages/{message_id}/stop")

    async def patiently(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Repeat a call that is safe to repeat until the server has spoken."""
        attempt = 0
        while True:
            try:
                return await call()
            except Unreached:
                wait = self._pace.rest_delay(attempt)
            except Refused as refused:
                if not refused.passing:
                    raise
                wait = refused.retry_after_s or self._pace.rest_delay(attempt)
            attempt += 1
            await asyncio.sleep(wait)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpx's own, for each step of a request
        **options: Any,  # Any: httpx's own
    ) -> Frame:
        try:
            response = await self.http.request(
                method,
                f"{self.url}/api/chat{path}",
                headers={**self._headers, **(headers or {})},
                timeout=timeout or self._pace.rest_s,
                **options,
            )
        except httpx.HTTPError as error:
            raise Unreached(f"{method} {path}: {error!r}") from error
        if not response.is_success:
            raise problem_of(response.status_code, response.content)
        found: Frame = orjson.loads(response.content)
        return found


def problem_of(status: int, content: bytes) -> Refused | Unreached:
    try:
        body = orjson.loads(content)
    except ValueError:
        body = None
    if isinstance(body, dict) and "code" in body and "message" in body:
        return Refused(status, body)
    if status in GATEWAY:
        return Unreached(f"a gateway answered with {status}")
    words = HTTPStatus(status).phrase
    return Refused(status, {"code": "internal", "message": words, "retryable": False})
