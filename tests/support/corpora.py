"""Servers that have documents in common, each with an index of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from api.database.beside import Beside
from api.database.engine import reading_engine
from api.database.readers import READERS, Readers
from api.database.waiting import Waiting
from api.documents.corpus import IndexCorpus
from api.documents.model import Document, Upload
from api.documents.ports import Progress
from api.documents.register import Register
from api.documents.shared import SharedDocuments
from api.wakeups.neighbours import Neighbours
from chains.retrieval.index import Index
from chains.retrieval.vectors import Vector
from tests.support.air import Air
from tests.support.clocks import CountedIds, SettableClock

if TYPE_CHECKING:
    from api.wakeups.bus import Bus

GATE_S = 15.0
LOOK_S = 0.002


class FakeEmbedder:
    """`embedded` counts the passages."""

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.embedded = 0

    def embed_query(self, text: str) -> Vector:
        self.embedded += 1
        return np.full(4, 0.5, dtype=np.float32)

    def embed_passages(self, texts: Sequence[str]) -> Iterator[Vector]:
        return (self.embed_query(each) for each in texts)


class GatedCorpus(IndexCorpus):
    """Can be held up in the middle of a document and just after it, and be broken."""

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self.began: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.taken = threading.Event()
        self.taken.set()
        self.broken = False

    def add(
        self,
        document: Document,
        data: bytes,
        progress: Progress,
        *,
        digest: str | None = None,
        path: str | None = None,
    ) -> Document:
        self.began.append(document.id)
        progress(0.25)
        assert self.open.wait(GATE_S)
        if self.broken:
            raise RuntimeError("a secret detail")
        added = super().add(document, data, progress, digest=digest, path=path)
        assert self.taken.wait(GATE_S)
        return added


class Side:
    """One of the servers. Its process has `told` its users something."""

    def __init__(self, url: str, folder: Path, air: Air, clock: SettableClock, name: str) -> None:
        self.embedder = FakeEmbedder()
        self.index = Index(folder / f"{name}.db", self.embedder)
        self.corpus = GatedCorpus(self.index)
        self.told: list[tuple[str, str, float]] = []
        waiting = Waiting()
        self.readers = Readers(reading_engine(url, READERS), waiting)
        self.register = Register(self.readers, Beside(url, waiting))
        self.documents = SharedDocuments(
            self.register,
            self.corpus,
            lambda user, document: self.told.append((user, document.status, document.progress)),
            lambda rung: Neighbours(cast("Bus", air.end())).bell("documents", rung),
            CountedIds(name),
            clock,
        )

    @property
    def indexed(self) -> Mapping[str, str]:
        return self.index.digests()

    async def shown(self) -> list[tuple[str, str]]:
        return [(each.id, each.status) for each in await self.documents.list()]

    async def has(self, *document_ids: str) -> None:
        """Waits until its index holds exactly these."""
        await until(lambda: set(self.indexed) == set(document_ids))

    async def shows(self, document_id: str, status: str) -> Document:
        async with asyncio.timeout(GATE_S):
            while (found := await self.documents.get(document_id)).status != status:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)
        return found

    async def close(self) -> None:
        self.corpus.open.set()
        self.corpus.taken.set()
        await self.documents.close()
        await self.readers.close()


@asynccontextmanager
async def side(
    url: str, folder: Path, air: Air, clock: SettableClock, name: str, *, start: bool = True
) -> AsyncIterator[Side]:
    made = Side(url, folder, air, clock, name)
    if start:
        await made.documents.start()
    try:
        yield made
    finally:
        await made.close()


async def until(true: Callable[[], bool]) -> None:
    """For what nobody tells."""
    async with asyncio.timeout(GATE_S):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)


def upload(text: str = "# Clouds\n\nClouds are made of water.\n", filename: str = "clouds.md") -> Upload:
    return Upload(filename, "text/markdown", len(text.encode()), BytesIO(text.encode()))
