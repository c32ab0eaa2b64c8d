"""A quiet connection stays, and a dead one is noticed: what is said about the connection is true."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random

import httpx

from loadtests.client import Answer, ChatClient, Mode, Pace
from loadtests.proxy import FaultProxy, Plan
from tests.faults.clients import shown
from tests.faults.oracle import Oracle, question
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.server import Server

PROMISE = "The badge tells the truth"
IDLE_S = (60, 25)
"""What proxies cut at; the second is stricter than any that are known, so that half a minute shows much."""
STRETCH_S = 28
TRANSPORTS: Sequence[Mode] = ("websocket", "http")
IDLE_EACH = 5
SLOW: Sequence[Mapping[str, object]] = (
    {"first_delay": 55, "tokens": 10, "rate": 1 / 50},
    {"first_delay": 55, "tokens": 8, "rate": 1 / 75},
    {"first_delay": 55, "tokens": 6, "rate": 1 / 100},
)
BRIEF: Mapping[str, object] = {"first_delay": 26, "tokens": 2}
BLACK_HOLED = 50
NOTICED_S = 45
PROTOCOL = Pace()
TENTH = Pace(heartbeat_s=3, pong_s=1)


class Clients:
    """Verifying clients on one pool, whose connections end with their request: none idles by itself."""

    def __init__(self, stack: AsyncExitStack, http: httpx.AsyncClient, seed: int) -> None:
        self._stack = stack
        self._http = http
        self._seed = seed

    async def one(self, url: str, transport: Mode, pace: Pace = PROTOCOL) -> ChatClient:
        return await self._stack.enter_async_context(
            ChatClient(url, transport=transport, pace=pace, scripted=True, http=self._http, seed=self._seed)
        )

    @staticmethod
    @asynccontextmanager
    async def made(seed: int) -> AsyncIterator["Clients"]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(trust_env=False, limits=limits) as http, AsyncExitStack() as stack:
            yield Clients(stack, http, seed)


@dataclass
class Slow:
    """Somebody who asks a slow chain, and when it has ended another time."""

    client: ChatClient
    script: Mapping[str, object]
    name: str
    questions: dict[str, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    async def for_ever(self) -> None:
        for number in count():
            await self.once(f"{self.name}-{number}", self.script)

    async def once(self, name: str, script: Mapping[str, object]) -> None:
        text = self.questions[name] = question(name, **script)
        self.answers.append(await self.client.ask(text, client_message_id=name))


async def silence(trial: Trial) -> Measured:
    """Nobody says anything for minutes, or one word a minute, and every connection stays."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(trial.launcher, trial.folder))
        await server.start()
        proxies = []
        for idle_s in IDLE_S:
            before = FaultProxy.before("127.0.0.1", server.port, seed=trial.seed)
            proxies.append(await stack.enter_async_context(before))
            await proxies[-1].plan(Plan(idle_s=idle_s))
        clients = await stack.enter_async_context(Clients.made(trial.seed))
        idle = [
            await _idle(clients, proxy.url, transport)
            for proxy in proxies
            for transport in TRANSPORTS
            for _ in range(IDLE_EACH)
        ]
        slow = [
            Slow(await clients.one(proxy.url, transport), script, f"s-{trial.first}-{place}")
            for place, (proxy, transport, script) in enumerate(
                (proxy, transport, script)
                for proxy in proxies
                for transport in TRANSPORTS
                for script in (*SLOW, BRIEF)
            )
        ]
        running = [asyncio.create_task(each.for_ever()) for each in slow if each.script is not BRIEF]
        for number in trial.numbers():
            brief = (each.once(f"{each.name}-{number}", BRIEF) for each in slow if each.script is BRIEF)
            await asyncio.gather(asyncio.sleep(STRETCH_S), *brief)
            everybody = [*idle, *(each.client for each in slow)]
            trial.fail(number, [*await _cuts(proxies), *_dropped(everybody)])
            trial.measured.count("half minutes of a connection", len(everybody))
        for task in running:
            if task.done():
                task.result()  # raises: it never ends by itself
            task.cancel()
        told = [
            (answer, each.questions[answer.client_message_id]) for each in slow for answer in each.answers
        ]
        judged = [shown(answer, text) for answer, text in told]
        trial.measured.count("slow answers", len(judged))
        trial.fail(trial.size - 1, Oracle(server.database, server.record).judge(judged))
    return trial.measured


async def _idle(clients: Clients, url: str, transport: Mode) -> ChatClient:
    """Follows a session in which nothing happens any more."""
    client = await clients.one(url, transport)
    answer = await client.ask("tokens=1")
    await client.follow(answer.session_id)
    return client


async def _cuts(proxies: Sequence[FaultProxy]) -> list[str]:
    found = [cut for proxy in proxies for cut in (await proxy.stats())["done"]]
    return [f"the proxy cut connection {cut['connection']}: {cut}" for cut in found]


def _dropped(clients: Sequence[ChatClient]) -> list[str]:
    """Nobody lost a connection, whoever ended it, nor heard anything wrong."""
    wrong = [str(each) for client in clients for each in client.violations.first]
    for place, client in enumerate(clients):
        if client.measures.connections > 1 or client.measures.recoveries or client.measures.recovering:
            wrong.append(f"client {place} ({client.carrier}) lost its connection: {client.measures}")
    return wrong


async def black_holes(trial: Trial) -> Measured:
    """The connections stay open, and nothing comes any more; new ones work.

    The first trial has a tenth of the protocol's times, so that it is soon over; the others have its own.
    """
    async with Server(trial.launcher, trial.folder) as server:
        await server.start()
        oracle = Oracle(server.database, server.record)
        for number in trial.numbers():
            async with (
                FaultProxy.before("127.0.0.1", server.port, seed=trial.seed) as proxy,
                Clients.made(trial.seed) as clients,
            ):
                await _black_hole(trial, number, proxy, clients, oracle)
    return trial.measured


async def _black_hole(trial: Trial, number: int, proxy: FaultProxy, clients: Clients, oracle: Oracle) -> None:
    pace, within_s = (TENTH, NOTICED_S / 10) if number == 0 else (PROTOCOL, NOTICED_S)
    chance = trial.random(number)
    lost = [await clients.one(proxy.url, "websocket", pace) for _ in range(BLACK_HOLED)]
    await asyncio.gather(*(_open(client) for client in lost))
    words = {f"b-{number}-{place}": _words(chance, within_s) for place in range(0, BLACK_HOLED, 2)}
    questions = {name: question(name, **script) for name, script in words.items()}
    asked = [
        asyncio.create_task(client.ask(text, client_message_id=name))
        for client, (name, text) in zip(lost, questions.items(), strict=False)
    ]
    await asyncio.sleep(chance.uniform(0.5, 1.5))
    await proxy.cut_all("silence")
    began = asyncio.get_running_loop().time()

    async def noticed(client: ChatClient) -> float:
        await client.until(lambda: client.carrier != "socket")
        return asyncio.get_running_loop().time() - began

    took = await asyncio.gather(*(noticed(client) for client in lost))
    if number:
        trial.measured.figure("s until a black hole is noticed", max(took))
    trial.measured.count("black-holed", len(took))
    trial.fail(number, [f"noticed after {each:.1f} s" for each in took if each > within_s])
    await asyncio.gather(*(_open(client) for client in lost))
    answers = await asyncio.gather(*asked)
    judged = [shown(answer, questions[answer.client_message_id]) for answer in answers]
    wrong = [str(each) for client in lost for each in client.violations.first]
    trial.fail(number, [*wrong, *oracle.judge(judged)])


async def _open(client: ChatClient) -> None:
    await client.until(lambda: client.carrier == "socket")


def _words(chance: Random, within_s: float) -> dict[str, object]:
    """An answer that is under way when the connection dies, and may end before that is noticed."""
    rate = chance.choice((2, 10))
    return {"tokens": int(rate * chance.uniform(2, within_s)), "rate": rate}


PROOFS = [
    Proof("silence behind proxies that cut idle connections", small=1, full=45, run=silence),
    Proof("black holes are noticed", small=1, full=8, run=black_holes),
]
