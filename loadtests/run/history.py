"""Reads all that a person has on the server, by REST and past the fault proxy."""

from collections.abc import AsyncIterator
from typing import Any

import httpx

from loadtests.protocol.frames import Frame

PAGE = 200


class History:
    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def messages(self) -> list[Frame]:
        """Return the messages of all sessions, replaced attempts as well."""
        return [
            message
            async for session in self._all("/sessions", "sessions", {})
            async for message in self._all(
                f"/sessions/{session['id']}/messages", "messages", {"include": "superseded"}
            )
        ]

    async def _all(self, path: str, name: str, params: dict[str, str | int]) -> AsyncIterator[Frame]:
        before: dict[str, str | int] = {}
        while True:
            page = await self._page(path, {"limit": PAGE, **params, **before})
            for each in page[name]:
                yield each
            if page["next_cursor"] is None:
                return
            before = {"before": page["next_cursor"]}

    async def _page(self, path: str, params: dict[str, str | int]) -> dict[str, Any]:  # Any: JSON
        response = await self._http.get(f"/api/chat{path}", params=params, headers=self._headers)
        found: dict[str, Any] = response.raise_for_status().json()
        return found
