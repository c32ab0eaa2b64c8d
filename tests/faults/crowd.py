"""Many verifying clients in a process of their own, cut off at once: `python -m tests.faults.crowd`.

Whoever is measured while they come back must not share a processor with them. Orders come as lines of
JSON, and each is answered by one; the crowd goes when its owner does.
"""

import asyncio
import json
import resource
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from loadtests.client import ChatClient

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
AT_ONCE = 32
SPARE = 200
LINE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Returned:
    """How many seconds after the cut each was back for good, with all that it had missed.

    `spared` were not connected when all were cut, `missing` never came back, and `again` lost their
    connection another time.
    """

    seconds: list[float]
    spared: int
    missing: int
    again: int
    violations: list[str]

    @property
    def wrong(self) -> list[str]:
        counts = {"were not cut": self.spared, "never came back": self.missing, "were lost again": self.again}
        return [f"{number} clients {what}" for what, number in counts.items() if number] + self.violations


class Crowd:
    """The handle of a crowd."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders = process.stdin
        self._answers = process.stdout

    async def follow(self, url: str, followed: Sequence[tuple[str, str]]) -> None:
        """One more client for each token and session; returns when all follow."""
        await self._told({"url": url, "followed": followed})

    async def cut(self) -> Returned:
        return Returned(**json.loads(await self._told({})))

    async def _told(self, order: object) -> bytes:
        self._orders.write(json.dumps(order).encode() + b"\n")
        line = await self._answers.readline()
        if not line:
            raise AssertionError("the crowd is gone; what it says stands above")
        return line

    @staticmethod
    @asynccontextmanager
    async def gathered() -> AsyncIterator["Crowd"]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.crowd"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
        )
        crowd = Crowd(process)
        try:
            yield crowd
        finally:
            crowd._orders.close()
            status = await process.wait()
        if status:
            raise AssertionError(f"the crowd ended with status {status}; what it says stands above")


def allow_descriptors(needed: int) -> None:
    """Raises the limit of this process as far as that is needed. Raises OSError where it cannot."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < needed:
        raise OSError(f"{needed} open files are needed and {hard} allowed: raise the limit (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))


async def _obey(stack: AsyncExitStack) -> None:
    limits = httpx.Limits(max_connections=AT_ONCE)
    http = await stack.enter_async_context(
        httpx.AsyncClient(trust_env=False, limits=limits, timeout=PATIENCE_S)
    )
    clients: list[ChatClient] = []
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if "followed" in order:
            allow_descriptors(len(clients) + len(order["followed"]) + SPARE)
            clients += await _gather(stack, http, order["url"], order["followed"])
            answer: object = len(clients)
        else:
            answer = asdict(await _cut(clients))
        print(json.dumps(answer), flush=True)


async def _gather(
    stack: AsyncExitStack, http: httpx.AsyncClient, url: str, followed: Sequence[tuple[str, str]]
) -> list[ChatClient]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(token: str, session_id: str) -> ChatClient:
        async with turn:
            client = ChatClient(url, token, transport="websocket", scripted=True, http=http)
            await stack.enter_async_context(client)
            await client.follow(session_id)
            return client

    return await asyncio.gather(*(one(*each) for each in followed))


async def _cut(clients: Sequence[ChatClient]) -> Returned:
    for client in clients:
        client.measures.take()
    spared = sum(client.carrier != "socket" for client in clients)
    for client in clients:
        client.cut()
    waiting = [asyncio.create_task(_back(client)) for client in clients]
    await asyncio.wait(waiting, timeout=PATIENCE_S)
    for task in waiting:
        task.cancel()
    back = [client.measures for client in clients if client.measures.recoveries]
    again = sum(len(each.recoveries) > 1 or each.recovering for each in back)
    violations = [str(each) for client in clients for each in client.violations.first]
    seconds = [sum(recovery.from_cut_s for recovery in each.recoveries) for each in back]
    return Returned(seconds, spared, len(clients) - len(back), again, violations)


async def _back(client: ChatClient) -> None:
    await client.until(lambda: bool(client.measures.recoveries))


async def main() -> None:
    async with AsyncExitStack() as stack:
        await _obey(stack)


if __name__ == "__main__":
    asyncio.run(main())
