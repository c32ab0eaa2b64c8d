"""The real server without sockets, threads or time. It dies when a test says so, and leaves its file."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

from fastapi import FastAPI, Request

from api import parts as wiring
from api.auth.identity import Identity
from api.auth.none import USER_ID
from api.data import new_id, open_database_in
from api.database import database as database_module
from api.database.database import Database
from api.database.engine import reading_engine, writing_engine
from api.database.lock import DataFolderLock
from api.database.migrate import migrate
from api.doors import problems, rest, sse
from api.parts import Parts
from api.settings import Settings
from chains.contract import Chain
from tests.faults.model.database import HeldWriter, LoopReaders, Pauses
from tests.faults.model.loop import StillLoop
from tests.support.chats import spoken

LONG_S = 1_000.0
Opens: TypeAlias = Callable[[Settings, DataFolderLock], Database]


class BrokenModelError(Exception):
    """The fault is the model's own, and no finding."""


class Words:
    """What the chain was asked and has said; it says what the test lets it say."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.said: dict[int, str] = {}
        self._more: dict[int, asyncio.Queue[str | Exception | None]] = {}

    async def speak(self, question: str) -> AsyncIterator[str]:
        run = len(self.asked)
        self.asked.append(question)
        self.said[run] = ""
        self._more[run] = asyncio.Queue()
        try:
            while (word := await self._more[run].get()) is not None:
                if isinstance(word, Exception):
                    raise word
                self.said[run] += word
                yield word
        finally:
            del self._more[run]

    @property
    def speaking(self) -> list[int]:
        """The runs that have not ended yet."""
        return sorted(self._more)

    def say(self, run: int, count: int) -> None:
        """`count` numbered tokens, which tell their run and their place."""
        start = self.said[run].count(" ") + self._more[run].qsize()
        for number in range(start, start + count):
            self._more[run].put_nowait(f"{run}.{number} ")

    def end(self, run: int, error: Exception | None = None) -> None:
        self._more[run].put_nowait(error)


class MortalServer:
    """Lives in a folder. `kill` leaves what was committed; nothing is closed, and nobody is told."""

    def __init__(self, loop: StillLoop, folder: Path, writer: type[HeldWriter] = HeldWriter) -> None:
        self._loop = loop
        self._folder = folder
        self._writer = writer
        self.words = Words()
        self.pauses = Pauses()
        self.parts: Parts | None = None
        self._life: asyncio.Task[None] | None = None
        self.app, self._use = doors()
        self._chain, say_by = chain()
        say_by(self.words)

    @property
    def file(self) -> Path:
        return self._folder / "steadychat.db"

    @property
    def writer(self) -> HeldWriter:
        assert self.parts is not None
        assert isinstance(self.parts.writer, HeldWriter)
        return self.parts.writer

    def start(self) -> None:
        self.pauses.release_all()
        if not self.file.exists():
            self.file.write_bytes(migrated())
        self.parts = self._build()
        self._use(self.parts)
        self._life = self._loop.create_task(self._live(self.parts))
        while not self.parts.alive:
            self._loop.settle()
            self.writer.commit()
            if self._life.done():
                raise BrokenModelError(f"the server did not start: {self._life}")

    async def _live(self, parts: Parts) -> None:
        async with parts.running():
            await asyncio.Event().wait()

    def _build(self) -> Parts:
        chosen: dict[str, Any] = {  # Any: each setting has its type
            "data_dir": self._folder,
            "database_url": f"sqlite:///{self.file}",
            "auth": "none",
            "timeout_first_piece": LONG_S,
            "timeout_gap": LONG_S,
            "timeout_total": LONG_S,
            "retention_pieces": 10 * int(LONG_S),
        }
        settings = Settings(**chosen)
        with ExitStack() as stack:
            stack.enter_context(patch.object(wiring, "Writer", self._writer))
            stack.enter_context(patch.object(wiring, "open_database_in", self._opened(open_database_in)))
            stack.enter_context(patch.object(database_module, "migrate", lambda *_: None))
            stack.enter_context(patch.object(wiring, "Watchdog", NoWatchdog))
            stack.enter_context(patch.object(wiring, "load", lambda _: {"rag": self._chain}))
            return wiring.build(settings)

    def _opened(self, really: Opens) -> Opens:
        def opened(settings: Settings, lock: DataFolderLock) -> Database:
            database = really(settings, lock)
            self._reading = reading_engine(settings.database, 8)
            database.readers = LoopReaders(self._reading, self.pauses)
            database.close = _never  # type: ignore[method-assign]  # it only ever dies
            return database

        return opened

    def kill(self) -> None:
        """As `kill -9`: what was not committed is gone, and no task comes to do anything any more."""
        if self.parts is None or self._life is None:
            return
        parts, self.parts = self.parts, None
        writer = parts.writer
        assert isinstance(writer, HeldWriter)
        self._abandon(parts.database)
        writer.die()
        self.pauses.release_all()
        for _ in range(100):
            tasks = asyncio.all_tasks(self._loop)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            self._loop.settle()
            self._loop.forward(10)
        if asyncio.all_tasks(self._loop):
            raise BrokenModelError(f"these live on: {asyncio.all_tasks(self._loop)}")
        self._life = None

    def _abandon(self, database: Database) -> None:
        """The process is gone, and with it its lock; that it left in good order is not written."""
        database._lock.release()
        self._reading.dispose()


class NoWatchdog:
    """It would look on from a thread, by a real clock."""

    blocked = blocked_seconds = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...


async def _never() -> None:
    """In place of closing in good order."""


class _Current:
    """Stands for a part of whichever server is alive."""

    def __init__(self) -> None:
        self.part: Any = None  # Any: a part of any kind

    def __getattr__(self, name: str) -> Any:  # Any: whatever its members are
        return getattr(self.part, name)


@cache
def chain() -> tuple[Chain, Callable[[Words], None]]:
    """The chain, and what gives it its words. It is prepared once, since that takes long."""
    current = _Current()

    async def speak(given: Any) -> AsyncIterator[str]:  # Any: a chain's own input
        async for word in current.speak(str(given["question"])):
            yield word

    def use(words: Words) -> None:
        current.part = words

    return spoken(speak), use


@cache
def doors() -> tuple[FastAPI, Callable[[Parts], None]]:
    """The HTTP doors, and what lets them open on a server. They are made once, too."""
    app = FastAPI()
    problems.install(app, new_id)
    chat, hints = _Current(), _Current()
    names: Any = chat, hints

    async def local(_: Request) -> Identity:
        return Identity(USER_ID)

    app.include_router(rest.router(names[0], {}, local))
    app.include_router(sse.router(names[0], names[1], local))

    def use(parts: Parts) -> None:
        chat.part, hints.part = parts.chat, parts.hints

    return app, use


@cache
def migrated() -> bytes:
    """A new database in the shape of this version."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "chat.db")
        engine = writing_engine(f"sqlite:///{file}")
        migrate(engine, Path(folder))
        engine.dispose()
        return file.read_bytes()
