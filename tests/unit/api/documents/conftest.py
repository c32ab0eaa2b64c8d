import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from api.documents.documents import Documents
from api.documents.model import Document, Status, Upload
from api.documents.ports import CorpusAwayError, Progress, UnreadableError
from api.documents.uploads import Uploads


class FakeCorpus:
    """A corpus in memory. It can be held up in the middle of a document, and fail in two ways."""

    def __init__(self) -> None:
        self.kept: dict[str, Document] = {}
        self.data: dict[str, bytes] = {}
        self.steps = [0.25, 0.254, 0.5, 1.0]
        self.began: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.reason = ""
        self.broken = False
        self.away = False

    def documents(self) -> list[Document]:
        self._may_be_away()
        return list(self.kept.values())

    def document(self, document_id: str) -> Document | None:
        self._may_be_away()
        return self.kept.get(document_id)

    def add(self, document: Document, data: bytes, progress: Progress) -> Document:
        self.began.append(document.id)
        self._may_be_away()
        for step in self.steps:
            progress(step)
            assert self.open.wait(10)
        if self.reason:
            raise UnreadableError(self.reason)
        if self.broken:
            raise RuntimeError("a secret detail")
        self.data[document.id] = data
        self.kept[document.id] = indexed(document)
        return self.kept[document.id]

    def remove(self, document_id: str) -> bool:
        self._may_be_away()
        return self.kept.pop(document_id, None) is not None

    def _may_be_away(self) -> None:
        if self.away:
            raise CorpusAwayError


def indexed(document: Document) -> Document:
    return replace(document, status="indexed", progress=1.0, passages=3)


class Bench:
    """Documents with their folder, a fake corpus and a record of what was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.corpus = FakeCorpus()
        self.told: list[tuple[str, Document]] = []
        self._changed = anyio.Event()
        numbers = count(1)
        self.new_id = lambda: f"d{next(numbers)}"
        self.times = count()
        self.documents = self.made()

    def made(self) -> Documents:
        def now() -> datetime:
            return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self.times))

        return Documents(self.corpus, Uploads(self.folder), self._tell, self.new_id, now)

    def _tell(self, user_id: str, document: Document) -> None:
        self.told.append((user_id, document))
        self._changed.set()
        self._changed = anyio.Event()

    async def until(self, document_id: str, status: Status) -> Document:
        """Waits for a hint that says so."""
        with anyio.fail_after(10):
            while True:
                changed = self._changed
                for _, document in self.told:
                    if (document.id, document.status) == (document_id, status):
                        return document
                await changed.wait()

    async def settled(self, holds: Callable[[], bool]) -> None:
        """Lets the worker run until `holds`."""
        with anyio.fail_after(10):
            while not holds():
                await checkpoint()

    def left(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir())


def upload(text: str = "text", filename: str = "notes.md") -> Upload:
    return Upload(filename, "text/markdown", len(text.encode()), BytesIO(text.encode()))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "uploads")


@pytest.fixture
def make_upload() -> Callable[..., Upload]:
    return upload
