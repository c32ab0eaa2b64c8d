"""One load from its beginning to its end: server, fault proxy, weather, people, and the reckoning."""

import asyncio
import json
import math
import random
import signal
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

from loadtests.proxy import FaultProxy
from loadtests.run import locusts
from loadtests.run.locusts import Crowd
from loadtests.run.options import Options
from loadtests.run.reckoning import Reckoning
from loadtests.run.reconcile import read_accounts, reconcile
from loadtests.run.sampler import Sampler
from loadtests.run.server import Server
from loadtests.run.wind import Wind

MOST_SAMPLES = 600
LOOK_S = 0.1
MARGIN_S = 30  # more than the patience of Locust, which ends by itself


class Load:
    """`folder` gets everything that is written down, from which the report is made."""

    def __init__(self, options: Options, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._stack = AsyncExitStack()
        self._enough = asyncio.Event()

    async def run(self) -> tuple[int, Reckoning]:
        """Return Locust's exit status, and what the reckoning found."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self._enough.set)
        async with self._stack:
            server = await self._serve()
            url = self._options.url or (server.url if server else "")
            host = urlsplit(url)
            proxy = await self._stack.enter_async_context(
                FaultProxy.before(host.hostname or "", host.port or 80, seed=self._options.seed)
            )
            await self._sample(url, proxy, server)
            status = await self._people(proxy, server)
            found = await reconcile(url, read_accounts(self._folder / "people.jsonl"), self._record(server))
        return status, found

    async def _serve(self) -> Server | None:
        if self._options.url is not None:
            return None
        server = Server(self._folder / "server", self._options.scenario.settings)
        self._stack.push_async_callback(server.end)
        await server.start()
        return server

    def _record(self, server: Server | None) -> Path | None:
        return self._options.record if server is None else server.record

    async def _sample(self, url: str, proxy: FaultProxy, server: Server | None) -> None:
        database = None if server is None else server.database
        sampler = Sampler(url, proxy, database, self._folder / "samples.jsonl")
        self._stack.push_async_callback(sampler.close)
        every_s = max(1.0, self._options.duration_s / MOST_SAMPLES)
        task = asyncio.create_task(sampler.run(every_s))
        self._stack.callback(task.cancel)

    async def _people(self, proxy: FaultProxy, server: Server | None) -> int:
        """Let people in, and the weather loose; return Locust's exit status when all have left."""
        options = self._options
        process = await locusts.start(self._crowd(), proxy.url, self._folder)
        try:
            await self._begun(process)
            dice = random.Random(options.seed)  # noqa: S311 - weather that can be repeated
            wind = Wind(proxy, server, self._folder / "weather.jsonl", dice)
            duration_s = options.duration_s if options.web_port is None else math.inf
            blowing = asyncio.create_task(wind.blow(options.scenario.weather(duration_s, dice)))
            await self._until_over(process, None if math.isinf(duration_s) else duration_s)
            await _ended(blowing)
            await wind.calm()
            if self._enough.is_set():
                return await locusts.end(process)
            async with asyncio.timeout(options.patience_s + MARGIN_S):
                return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _crowd(self) -> Crowd:
        options = self._options
        return Crowd(
            users=options.users,
            spawn_rate=options.spawn_rate,
            duration_s=options.duration_s,
            patience_s=options.patience_s,
            seed=options.seed,
            haste=options.haste,
            may_die=options.scenario.may_die,
            web_port=options.web_port,
        )

    async def _begun(self, process: asyncio.subprocess.Process) -> None:
        """Wait until Locust writes its first line."""
        observations = self._folder / "observations.jsonl"
        while process.returncode is None and not observations.exists():  # noqa: ASYNC110 - another process's
            await asyncio.sleep(LOOK_S)

    async def _until_over(self, process: asyncio.subprocess.Process, duration_s: float | None) -> None:
        """Wait until the time is over, somebody has had enough, or Locust has ended."""
        either = [asyncio.create_task(process.wait()), asyncio.create_task(self._enough.wait())]
        await asyncio.wait(either, timeout=duration_s, return_when=asyncio.FIRST_COMPLETED)
        for each in either:
            each.cancel()


async def _ended(blowing: "asyncio.Task[None]") -> None:
    """Stop the weather; what went wrong in it is raised."""
    blowing.cancel()
    with suppress(asyncio.CancelledError):
        await blowing


def keep(folder: Path, name: str, told: object) -> None:
    (folder / name).write_text(json.dumps(told, indent=1))
