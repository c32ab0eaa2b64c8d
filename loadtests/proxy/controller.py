"""The fault proxy from its owner's side."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from loadtests.proxy.plan import How, Plan

ROOT = Path(__file__).parents[2]
LINE_BYTES = 16 * 1024 * 1024
START_S = 20.0
Stats: TypeAlias = dict[str, Any]  # Any: JSON


class ProxyRefused(Exception):
    """The proxy cannot do what it was asked to, or is gone."""


class FaultProxy:
    """A running proxy process: `async with FaultProxy.before("127.0.0.1", 8000) as proxy`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        address: tuple[str, int],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.host, self.port = address
        self._process = process
        self._reader = reader
        self._writer = writer
        self._answers: dict[int, asyncio.Future[Stats]] = {}
        self._asked = 0
        self._reading = asyncio.ensure_future(self._read())

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def start(cls, host: str, port: int, *, seed: int = 0) -> "FaultProxy":
        """Start a proxy in front of a server, which need not be there yet."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "loadtests.proxy", "--to", f"{host}:{port}", "--seed", str(seed)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the owner alone
        )
        assert process.stdout is not None  # noqa: S101 - for mypy: a pipe
        async with asyncio.timeout(START_S):
            line = await process.stdout.readline()
        if not line:
            raise ProxyRefused("the proxy ended before it was ready; it has said why on standard error")
        ready = json.loads(line)
        reader, writer = await asyncio.open_connection(*ready["control"], limit=LINE_BYTES)
        return cls(process, tuple(ready["listen"]), reader, writer)

    @classmethod
    @contextlib.asynccontextmanager
    async def before(cls, host: str, port: int, *, seed: int = 0) -> AsyncIterator["FaultProxy"]:
        proxy = await cls.start(host, port, seed=seed)
        try:
            yield proxy
        finally:
            await proxy.close()

    async def plan(self, plan: Plan, whom: Literal["new", "next", "all"] | Sequence[int] = "new") -> None:
        """Let faults loose on connections: new ones, the next one, all of them, or those of these numbers."""
        chosen = whom if isinstance(whom, str) else list(whom)
        await self._ask(do="plan", plan=plan.json(), whom=chosen)

    async def cut_all(self, how: How = "rst") -> int:
        """Cut everything at once; return how many connections that were."""
        return int((await self._ask(do="cut_all", how=how))["cut"])

    async def heal(self) -> None:
        await self._ask(do="heal")

    async def stats(self, newest: int | None = None) -> Stats:
        """All counts, the open connections, and what was cut: the newest 10,000, or so many of them."""
        found: Stats = (await self._ask(do="stats", newest=newest))["stats"]
        return found

    async def wait(self, **counts: int) -> None:
        """Wait until so many are `accepted`, `cuts` or `unreachable`, or at most so many `open`."""
        await self._ask(do="wait", counts=counts)

    async def close(self) -> None:
        self._reading.cancel()
        self._writer.close()
        assert self._process.stdin is not None  # noqa: S101 - for mypy: a pipe
        self._process.stdin.close()
        await self._process.wait()

    async def _ask(self, **asked: object) -> Stats:
        self._asked += 1
        future = self._answers[self._asked] = asyncio.get_running_loop().create_future()
        if self._reading.done():
            raise ProxyRefused("the proxy is gone")
        self._writer.write(json.dumps({"id": self._asked} | asked).encode() + b"\n")
        answer: Stats = await future
        if "error" in answer:
            raise ProxyRefused(answer["error"])
        return answer

    async def _read(self) -> None:
        with contextlib.suppress(OSError):
            while line := await self._reader.readline():
                answer = json.loads(line)
                self._answers.pop(answer["id"]).set_result(answer)
        for future in self._answers.values():
            future.set_exception(ProxyRefused("the proxy is gone"))
        self._answers.clear()
