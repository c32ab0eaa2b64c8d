"""One tab of the page: a verifying client, and what of it is told to the watch."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Self

from loadtests.client import Answer, ChatClient, Mode
from loadtests.people.watch import Watch
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.frames import Frame
from loadtests.protocol.verify.violations import Kind

WAYS = {"websocket": "WebSocket", "http": "REST, SSE", "auto": "either way"}
TELL_S = 0.5


class Tab:
    def __init__(self, client: ChatClient, watch: Watch, mode: Mode) -> None:
        self.client = client
        self.mode = mode
        self._watch = watch
        self._followed: dict[str, Conversation] = {}
        self._told: Counter[Kind] = Counter()
        self._words = 0
        self._telling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        self._telling = asyncio.create_task(self._tell_always())
        return self

    async def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
        self._tell()
        await self.client.__aexit__(None, None, None)
        self._tell()

    async def follow(self, session_id: str) -> None:
        if session_id not in self._followed:
            self._followed[session_id] = await self.client.follow(session_id)

    def shown(self) -> Iterator[tuple[str, list[Frame]]]:
        """The sessions in this tab, and what it shows of each."""
        for session_id, conversation in self._followed.items():
            yield session_id, conversation.shown()

    def shows(self, session_id: str) -> list[Frame]:
        return self._followed[session_id].shown()

    async def accepted(self, question: str, name: str, session_id: str | None) -> Frame:
        """Send a question and return its ack."""
        entry = self.client.send(question, session_id=session_id, client_message_id=name)
        return await self.client.accepted(entry)

    async def retried(self, session_id: str, message: Frame, name: str) -> Answer:
        """Have an answer tried again, and wait for the end of the new one."""
        known = Answer(message["id"], session_id, message["content"], message["status"], message, "", False)
        return await self.client.retry(known, client_message_id=name)

    async def until_said(self, session_id: str, message_id: str, characters: int) -> None:
        """Wait until so much of an answer is shown, or it has ended."""

        def true() -> bool:
            row = self._followed[session_id].rows.get(message_id)
            return row is not None and (row.ended or len(row.text) >= characters)

        await self.client.until(true)

    async def _tell_always(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            self._tell()

    def _tell(self) -> None:
        self._watch.measured(self.client.measures.take(), WAYS[self.mode])
        found = self.client.violations
        news = found.counts - self._told
        for violation in found.first[self._words :]:
            where = f"(session {violation.session_id}, message {violation.message_id})"
            self._watch.violated(violation.kind, f"{violation.detail} {where}")
            news[violation.kind] -= 1
        for kind, number in news.items():  # more than are kept in words
            for _ in range(number):
                self._watch.violated(kind, "and more")
        self._words, self._told = len(found.first), found.counts.copy()
