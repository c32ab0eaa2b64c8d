"""Carries the weather out, at the fault proxy and at the server, and writes down when."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from loadtests.proxy import FaultProxy, Plan, ProxyRefused
from loadtests.run.server import Server
from loadtests.run.weather import CutAll, Deed, Enter, Forget, Leave, Lives, Moment, Restart

THROUGH = Plan()
DARK = Plan(freeze="both", admission="hang")


class Wind:
    """`server` None: it is not ours to restart."""

    def __init__(self, proxy: FaultProxy, server: Server | None, file: Path, dice: random.Random) -> None:
        self._proxy = proxy
        self._server = server
        self._file = file
        self._dice = dice
        self._restarting: asyncio.Task[None] | None = None

    async def blow(self, moments: Iterator[Moment]) -> None:
        """Do what is planned at its time, until nothing more is."""
        start = time.monotonic()
        for at, deed in moments:
            await asyncio.sleep(start + at - time.monotonic())
            began = time.time()
            await self._do(deed)
            self._note(deed, began)

    async def calm(self) -> None:
        """Let everything pass again; what has lost bytes is reset, so that nobody waits for them.

        Call it when nothing blows any more. A restart that has begun is seen to its end.
        """
        if self._restarting is not None:
            await self._restarting
        await self._proxy.heal()

    async def _do(self, deed: Deed) -> None:
        match deed:
            case Lives(seconds):
                await self._proxy.plan(Plan(life_s=seconds), "all")
            case Forget(seconds):
                await self._proxy.heal()
                await self._proxy.plan(Plan(life_s=seconds), "all")
            case CutAll(how):
                await self._proxy.cut_all(how)
            case Enter():
                await self._enter()
            case Leave():
                # Not healed: of what died in the tunnel nobody tells, as when the address has changed.
                await self._proxy.plan(THROUGH, "all")
            case Restart(kill):
                await self._restart(kill=kill)

    async def _enter(self) -> None:
        await self._proxy.plan(DARK, "all")
        for each in (await self._proxy.stats())["open"]:
            if self._dice.random() < 0.5:  # noqa: PLR2004 - half of them
                await self._lose(each["connection"])

    async def _lose(self, connection: int) -> None:
        with suppress(ProxyRefused):  # it has just ended by itself
            await self._proxy.plan(Plan(swallow="both"), [connection])

    async def _restart(self, *, kill: bool) -> None:
        if self._server is not None:
            self._restarting = asyncio.create_task(self._server.restart(kill=kill))
            await asyncio.shield(self._restarting)

    def _note(self, deed: Deed, began: float) -> None:
        told = {"at": began, "until": time.time(), "kind": type(deed).__name__, "words": str(deed)}
        with self._file.open("a") as lines:
            lines.write(json.dumps(told) + "\n")
