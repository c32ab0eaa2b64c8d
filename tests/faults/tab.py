"""One open WebSocket of a user, for proofs that race or cut: it asks, and remembers what it was told.

It knows nothing of reconnecting. Where a whole client must stay up, the verifying client of `loadtests` does.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.faults.oracle import Shown

Frame: TypeAlias = dict[str, Any]
PATIENCE_S = 20


@dataclass
class Answer:
    """What the tab shows of an answer. `ends` counts its terminal events; `news` is set by each event."""

    session_id: str = ""
    text: str = ""
    status: str = "pending"
    ends: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Tab:
    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = headers
        self._connection: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ids = count(1)
        self._asked: dict[str, asyncio.Future[Frame]] = {}
        self._answers: dict[str, Answer] = {}

    async def __aenter__(self) -> Self:
        self._connection = await connect(
            self._url, additional_headers=self._headers, proxy=None, max_queue=None, compression=None
        )
        self._reader = asyncio.create_task(self._read(self._connection))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connection is not None and self._reader is not None:
            await self._connection.close()
            await self._reader

    @property
    def _open(self) -> ClientConnection:
        if self._connection is None:
            raise RuntimeError("the tab is not open")
        return self._connection

    async def say(self, **frame: Any) -> None:  # Any: JSON
        await self._open.send(json.dumps(frame))

    async def ask(self, **frame: Any) -> Frame:  # Any: JSON
        """The reply to this frame, an `error` too. Raises ConnectionClosed if the connection is lost."""
        name = f"f{next(self._ids)}"
        told: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._asked[name] = told
        await self.say(id=name, **frame)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await told
        finally:
            del self._asked[name]

    def abort(self) -> None:
        """The network is gone, all at once: nothing that is under way arrives."""
        self._open.transport.abort()

    def turn_deaf(self) -> None:
        """Whatever comes from now on is read by nobody."""
        self._open.transport.pause_reading()

    async def shown(self, message_id: str, client_message_id: str, question: str) -> Shown:
        """How the answer stands when it has ended."""
        answer = self._answer(message_id)
        async with asyncio.timeout(PATIENCE_S):
            await answer.ended.wait()
        return Shown(answer.session_id, message_id, client_message_id, question, answer.text, answer.status)

    def ends(self, message_id: str) -> int:
        """How many terminal events of this answer have come."""
        return self._answer(message_id).ends

    async def grown_to(self, message_id: str, length: int) -> None:
        """Waits until so much of the answer is shown, or it has ended."""
        answer = self._answer(message_id)
        async with asyncio.timeout(PATIENCE_S):
            while len(answer.text) < length and not answer.ended.is_set():
                answer.news.clear()
                await answer.news.wait()

    async def forget(self, session_id: str) -> None:
        await self.say(type="unsubscribe", session_id=session_id)

    def _answer(self, message_id: str) -> Answer:
        return self._answers.setdefault(message_id, Answer())

    async def _read(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                self._take(json.loads(await connection.recv()))
        for future in self._asked.values():
            if not future.done():
                future.set_exception(ConnectionError("the connection was lost"))

    def _take(self, frame: Frame) -> None:
        asked = self._asked.get(frame.get("id", ""))
        if asked is not None and not asked.done():
            asked.set_result(frame)
        elif frame["type"] == "token":
            answer = self._answer(frame["message_id"])
            if frame["at"] > len(answer.text):
                raise AssertionError(f"a gap: {frame['at']} after {len(answer.text)}")
            answer.text += frame["content"][len(answer.text) - frame["at"] :]
            answer.news.set()
        elif "seq" in frame and frame["type"] in {"done", "error"}:
            answer = self._answer(frame["message_id"])
            answer.session_id, answer.status = frame["session_id"], frame["status"]
            answer.ends += 1
            answer.ended.set()
            answer.news.set()
