"""Answers all of whose followers are lost on the way: none of them notices."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from api.core.lifecycle import Status
from loadtests.proxy import FaultProxy, How
from tests.faults.asking import AT_ONCE, Sent, identified, message, read
from tests.faults.clients import surviving
from tests.faults.oracle import Oracle, Shown
from tests.faults.proofs import Measured, Trial
from tests.faults.server import no_tls
from tests.faults.tab import PATIENCE_S, Tab

HOWS: tuple[How, ...] = ("fin", "rst", "silence")
ANSWERS = 10
MOST = 8
"""So many of them at least run when they are lost."""
LASTS_S = 2.0
TOKENS = 60
LEFT_S = 0.5
"""Time enough for what is on its way to come before an answer ends."""
WAYS = ("tab", "stream", "blocking")


@dataclass
class Follower:
    """Sends a message by its way, and follows the answer until it is lost. `ended` says that it was not."""

    way: str
    sent: Sent
    ended: bool = False

    async def run(self, host: str, me: dict[str, str]) -> None:
        with suppress(httpx.TransportError, ConnectionError):
            await getattr(self, f"_{self.way}")(host, me)

    @property
    def _body(self) -> dict[str, Any]:
        return {"content": self.sent.question, "client_message_id": self.sent.client_message_id}

    async def _tab(self, host: str, me: dict[str, str]) -> None:
        async with Tab(f"ws://{host}/ws/chat", me) as tab:
            try:
                self.sent.ack = await tab.ask(type="send", **self._body)
                name = self.sent.client_message_id
                await tab.shown(self.sent.ack["pending_message_id"], name, self.sent.question)
                self.ended = True
            finally:
                tab.abort()  # a silent connection would not answer a goodbye

    async def _blocking(self, host: str, me: dict[str, str]) -> None:
        async with _client(host, me) as client:
            (await client.post("/api/chat/messages", json=self._body)).raise_for_status()
        self.ended = True

    async def _stream(self, host: str, me: dict[str, str]) -> None:
        async with _client(host, me) as client:
            told = await client.post("/api/chat/messages", json=self._body, headers=AT_ONCE)
            self.sent.ack = told.raise_for_status().json()
            path = f"/api/chat/sessions/{self.sent.ack['session_id']}/events"
            async with client.stream("GET", path) as events:
                events.raise_for_status()
                async for line in events.aiter_lines():
                    self.ended = self.ended or line == "event: done"


def _client(host: str, me: dict[str, str]) -> httpx.AsyncClient:
    options: dict[str, Any] = {"headers": me, "timeout": PATIENCE_S, "trust_env": False, "verify": no_tls()}
    return httpx.AsyncClient(base_url=f"http://{host}", **options)


def _broken(result: object) -> bool:
    return isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError)


async def lost(trial: Trial) -> Measured:
    """Ten at a time are cut at once: by an end, by a reset, by silence."""
    async with surviving(trial) as (server, oracle), AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(FaultProxy.before("127.0.0.1", server.port, seed=trial.seed))
        me = await identified(server)
        client = await stack.enter_async_context(server.client(headers=me))
        losing = Losing(trial, oracle, proxy, client, me)
        for number in trial.numbers():
            await losing.some(number, trial.random(number))
    return trial.measured


@dataclass
class Losing:
    trial: Trial
    oracle: Oracle
    proxy: FaultProxy
    client: httpx.AsyncClient
    """It goes by no proxy, and asks without following."""
    me: dict[str, str]

    async def some(self, number: int, chance: Random) -> None:
        how = HOWS[number % len(HOWS)]
        followers = [
            Follower(WAYS[each % 3], message(chance, tokens=TOKENS, rate=TOKENS / LASTS_S))
            for each in range(ANSWERS)
        ]
        host, began = f"{self.proxy.host}:{self.proxy.port}", asyncio.get_running_loop().time()
        following = [asyncio.create_task(each.run(host, self.me)) for each in followers]
        ids = [await self._begun(each) for each in followers]
        left_s = began + LASTS_S - LEFT_S - asyncio.get_running_loop().time()
        await asyncio.sleep(chance.uniform(0, max(0, left_s)))
        cut = await self.proxy.cut_all(how)
        running = sum(not each.ended for each in followers)
        shown = [await self._ended(each.sent, id_) for each, id_ in zip(followers, ids, strict=True)]
        for task in following:
            task.cancel()
        broken = [each for each in await asyncio.gather(*following, return_exceptions=True) if _broken(each)]
        self.trial.fail(number, [f"a follower: {type(each).__name__}: {each}" for each in broken])
        self.trial.measured.count(f"answers lost by {how}", running)
        if running < MOST or cut < running:
            words = f"of {ANSWERS} followers {running} were following, and {cut} connections were cut"
            self.trial.fail(number, f"{words}: this proves nothing")
        if running != sum(not each.ended for each in followers):
            self.trial.fail(number, "something came after the cut: this proves nothing")
        self.trial.fail(
            number, [f"{how}: {words}" for words in self.oracle.judge(shown, statuses={"complete"})]
        )

    async def _begun(self, follower: Follower) -> tuple[str, str]:
        """The session and the answer, once the database holds them; only some are told of it."""
        async with asyncio.timeout(PATIENCE_S):
            while (ids := self.oracle.accepted(follower.sent.client_message_id)) is None:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.002)
        return ids

    async def _ended(self, sent: Sent, ids: tuple[str, str]) -> Shown:
        sent.ack = {"session_id": ids[0], "pending_message_id": ids[1]}
        async with asyncio.timeout(PATIENCE_S):
            while not Status((shown := await read(self.client, sent)).status).terminal:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        return shown
