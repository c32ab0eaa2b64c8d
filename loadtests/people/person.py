"""Somebody who chats: who they are, what they have open, what they asked and what they were shown."""

import asyncio
import random
import ssl
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx

from loadtests.client import ChatClient, Mode, Pace
from loadtests.expected import said
from loadtests.people.seen import Seen
from loadtests.people.tab import WAYS, Tab
from loadtests.people.watch import Watch
from loadtests.people.wrongs import Wrong
from loadtests.protocol.frames import Frame, crc32

# An answer may end so only where servers are restarted.
EXCUSED = "interrupted"


@dataclass
class Asked:
    """One send, or one retry of it, under its id; `message_id` is its answer, once that is known."""

    client_message_id: str
    question: str
    session_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True)
class World:
    """What all people share; `haste` divides all their times, `may_die`: servers are restarted."""

    url: str
    watch: Watch
    haste: float = 1
    may_die: bool = False
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)  # once, for it takes a while

    @property
    def pace(self) -> Pace:
        return Pace() if self.haste == 1 else Pace(heartbeat_s=30).hastened(self.haste)


class Person:
    """`mode` is how they connect. `session_id` is the session that they are in, None for a new one."""

    def __init__(self, world: World, mode: Mode, dice: random.Random) -> None:
        self.world = world
        self.watch = world.watch
        self.mode: Mode = mode
        self.dice = dice
        self.token: str | None = None
        self.session_id: str | None = None
        self.asked: list[Asked] = []
        self.seen = Seen()
        self.verified = 0
        self.read_s = 0.0
        self.stopping = asyncio.Event()
        self._tab: Tab | None = None
        self._http = httpx.AsyncClient(
            trust_env=False, verify=world.tls, limits=httpx.Limits(max_connections=None)
        )

    async def tab(self) -> Tab:
        """The tab in front of them, opened if there is none, with their session in it."""
        if self._tab is None:
            self._tab = await self.open(self.mode)
        return self._tab

    async def open(self, mode: Mode) -> Tab:
        """Open a tab, and have it show the session."""
        start = time.monotonic()
        client = ChatClient(
            self.world.url,
            self.token,
            transport=mode,
            pace=self.world.pace,
            scripted=True,
            http=self._http,
            seed=self.dice.getrandbits(32),
            page_limit=20,
        )
        tab = Tab(client, self.watch, mode)
        await tab.__aenter__()
        self.token = client.token
        try:
            await self.show(tab)
        except BaseException:
            await tab.close()
            raise
        self.watch.took("open", time.monotonic() - start, by=WAYS[mode])
        return tab

    @asynccontextmanager
    async def another_tab(self, mode: Mode) -> AsyncIterator[Tab]:
        tab = await self.open(mode)
        try:
            yield tab
        finally:
            await tab.close()

    async def show(self, tab: Tab) -> None:
        """Have the tab show the session, and compare with what was shown before."""
        if self.session_id is not None:
            await tab.follow(self.session_id)
            self.look(tab)

    async def leave(self) -> None:
        """Close the tab, whatever is going on in it."""
        tab, self._tab = self._tab, None
        if tab is not None:
            self.look(tab)
            await tab.close()

    async def send(self, tab: Tab, question: str) -> Asked:
        """Ask, and wait until it is accepted."""
        asked = Asked(str(uuid.uuid4()), question, self.session_id)
        self.asked.append(asked)
        self.watch.counted("asked")
        ack = await tab.accepted(question, asked.client_message_id, self.session_id)
        asked.session_id, asked.message_id = ack["session_id"], ack["pending_message_id"]
        if self.session_id is None:
            self.session_id = asked.session_id
            await self.show(tab)
        return asked

    async def see(self, tab: Tab, asked: Asked) -> Frame:
        """Watch an answer until its end, and judge the whole of it."""
        if asked.session_id is None or asked.message_id is None:
            raise ValueError("it was not accepted")
        message = await tab.client.ended(asked.session_id, asked.message_id)
        self._judge(asked, message)
        self.look(tab)
        return message

    def look(self, tab: Tab) -> None:
        """Compare what the tab shows with what was shown before, and remember it."""
        for session_id, shown in tab.shown():
            for wrong in self.seen.look(session_id, shown):
                self.watch.violated(Wrong.SHOWN, f"{wrong} (session {session_id})")

    def _judge(self, asked: Asked, message: Frame) -> None:
        text, status = message["content"], message["status"]
        whole = said(asked.question) or ""
        self.watch.ended(status, len(text))
        self.read_s = len(text) / 50
        if status == "failed" or (status == EXCUSED and not self.world.may_die):
            self.watch.violated(Wrong.FAILED, f"{message['id']}: {message['error']}")
        elif text != whole[: len(text)] or (status == "complete" and crc32(text) != crc32(whole)):
            self.watch.violated(Wrong.SAID, f"{message['id']}: {text[-80:]!r}")
        else:
            self.verified += 1
            self.watch.counted("verified")

    async def pause(self, seconds: float) -> None:
        """Do something else for a while; not for long when it is time to go."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds / self.world.haste):
                await self.stopping.wait()

    async def goodbye(self) -> None:
        await self.leave()
        await self._http.aclose()
