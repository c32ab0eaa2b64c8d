"""What verifying clients show, had shown when the server died, and leave behind where it survives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from loadtests.client import Answer, ChatClient, Mode, Pace
from tests.faults.footprint import at_rest, left_behind
from tests.faults.oracle import Oracle, Shown
from tests.faults.proofs import Trial
from tests.faults.server import Server


def shown(answer: Answer, question: str) -> Shown:
    """What a client shows in the end, for the oracle."""
    return Shown(answer.session_id, answer.id, answer.client_message_id, question, answer.text, answer.status)


class Clients:
    """Verifying clients on one pool, whose connections end with their request: none idles by itself."""

    def __init__(self, stack: AsyncExitStack, http: httpx.AsyncClient, seed: int) -> None:
        self._stack = stack
        self._http = http
        self._seed = seed

    async def one(
        self, url: str, transport: Mode, pace: Pace | None = None, token: str | None = None
    ) -> ChatClient:
        client = ChatClient(
            url, token, transport=transport, pace=pace, scripted=True, http=self._http, seed=self._seed
        )
        return await self._stack.enter_async_context(client)

    @staticmethod
    @asynccontextmanager
    async def made(seed: int) -> AsyncIterator["Clients"]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(trust_env=False, limits=limits) as http, AsyncExitStack() as stack:
            yield Clients(stack, http, seed)


@asynccontextmanager
async def surviving(
    trial: Trial,
    warm: Callable[[Server], Awaitable[None]] | None = None,
    *,
    erases: bool = False,
    **settings: Any,  # Any: each has its type
) -> AsyncIterator[tuple[Server, Oracle]]:
    """A server that lives through all trials; when everybody has left, nothing of them may be left behind.

    `warm` does first what makes the server begin things that stay, once for all. Where a trial `erases`
    sessions, acceptances without messages are no halves, and runs without answers are not too many.
    """
    async with Server(trial.launcher, trial.folder, **settings) as server:
        await server.start()
        if warm is not None:
            await warm(server)
        before, oracle = await at_rest(server), Oracle(server.database, server.record)
        yield server, oracle
        left = await left_behind(server, before)  # waits until nothing runs any more
        trial.fail(trial.size - 1, left if erases else [*left, *oracle.leftovers()])


@dataclass(frozen=True)
class AtDeath:
    """The ids of answers by the id of their message, and texts by the id of the answer."""

    acknowledged: Mapping[str, str]
    shown: Mapping[str, str]

    @classmethod
    def of(cls, clients: Sequence[ChatClient], asked: "Mapping[str, asyncio.Task[Answer]]") -> "AtDeath":
        """`asked` by `client_message_id`; of what has ended by now the task knows, of the rest the client."""
        acknowledged = {name: task.result().id for name, task in asked.items() if task.done()}
        shown = {task.result().id: task.result().text for task in asked.values() if task.done()}
        for client in clients:
            core = client._driver.core
            for entry in core.outbox.entries.values():
                if entry.ack is not None:
                    acknowledged[entry.client_message_id] = entry.ack["pending_message_id"]
            for state in core.conversations.values():
                shown |= {
                    row.message["id"]: str(row.text)
                    for row in state.rows.values()
                    if row.message["role"] == "assistant"
                }
        return cls(acknowledged, shown)

    def missing(self, answers: Sequence[Answer]) -> list[str]:
        """What was acknowledged or shown, and is not among the answers in the end."""
        found = []
        for answer in answers:
            name = answer.client_message_id
            known = self.acknowledged.get(name, answer.id)
            if known != answer.id:
                found.append(f"{name} was acknowledged as {known}, and is {answer.id}")
            text = self.shown.get(answer.id, "")
            if not answer.text.startswith(text):
                found.append(f"{name}: {text!r} was shown, and there is {answer.text!r}")
        lost = self.acknowledged.keys() - {answer.client_message_id for answer in answers}
        return [*found, *(f"{name} was acknowledged, and has no answer" for name in sorted(lost))]
