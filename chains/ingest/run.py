"""Files and folders into the index."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chains.ingest.documents import Source, content_digest, printable, read_document
from chains.ingest.formats import SUPPORTED, media_type_of
from chains.ingest.parsed import UnreadableDocument
from chains.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chains.retrieval.records import Document, Passage

    Told = Callable[[float], None]

LARGEST_FILE = 100 * 1024 * 1024


class Shelf(Protocol):
    """What is brought up to date: see `chains.retrieval.index.Index`."""

    def holds(self, document_id: str, digest: str) -> bool: ...

    def document(self, document_id: str) -> Document | None: ...

    def documents(self) -> Sequence[Document]: ...

    def take(self, document: Document, passages: Sequence[Passage], data: bytes, told: Told) -> None:
        """Put or replace a document that was read from `data`; `told` is the share that is done, 0 to 1."""

    def remove(self, document_id: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an ingest stands: the `number`-th of `files`, and the share of it that is done, 0 to 1."""

    number: int
    files: int
    name: str
    share: float


@dataclass(slots=True)
class Report:
    """What an ingest did, by the names of the documents; `passages` counts those written."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    passages: int = 0


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    name: str

    @property
    def id(self) -> str:
        return hashlib.sha256(b"file:" + os.fsencode(self.path)).hexdigest()[:32]


def ingest(
    shelf: Shelf,
    paths: Sequence[Path],
    *,
    prune: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Bring the shelf up to date with these files and folders; a file that cannot be read fails alone.

    Unchanged files are skipped, changed ones replaced. With `prune`, documents that were ingested from these
    paths and are no longer there are removed. In folders, hidden files and unknown formats are passed over.
    """
    report = Report()
    files = list(dict.fromkeys(each for path in paths for each in _files(path, report)))
    for number, file in enumerate(files, 1):

        def tell(share: float, number: int = number, name: str = file.name) -> None:
            if progress:
                progress(Progress(number, len(files), name, share))

        tell(0.0)
        _ingest_file(shelf, file, report, tell)
        tell(1.0)
    if prune:
        _prune(shelf, paths, {each.id for each in files}, report)
    return report


def _files(path: Path, report: Report) -> Iterator[_File]:
    root = path.absolute()
    if root.is_dir():
        yield from (_File(each, printable(each.relative_to(root).as_posix())) for each in _walk(root))
    elif root.is_file():
        yield _File(root, printable(root.name))
    else:
        report.failed.append((printable(str(path)), "there is no such file or folder"))


def _walk(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            path = Path(where, name)
            if not name.startswith(".") and path.suffix.lower() in SUPPORTED and path.is_file():
                yield path


def _ingest_file(shelf: Shelf, file: _File, report: Report, tell: Told) -> None:
    try:
        data = _data(file.path)
        digest = content_digest(data)
        if shelf.holds(file.id, digest):
            report.unchanged.append(file.name)
            return
        known = shelf.document(file.id) is not None
        path, kind = clean(str(file.path)), media_type_of(file.name)
        document, passages = read_document(Source(file.id, file.name, kind, data, path=path, digest=digest))
        shelf.take(document, passages, data, tell)
        report.passages += len(passages)
        (report.changed if known else report.added).append(file.name)
    except UnreadableDocument as error:
        report.failed.append((file.name, error.reason))
    except OSError as error:
        report.failed.append((file.name, error.strerror or str(error)))


def _data(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_FILE:
        raise UnreadableDocument(f"it is larger than {LARGEST_FILE // 2**20} MB")
    return path.read_bytes()


def _prune(shelf: Shelf, paths: Sequence[Path], seen: set[str], report: Report) -> None:
    roots = [Path(clean(str(each.absolute()))) for each in paths]
    for document in shelf.documents():
        if document.path is None or document.id in seen:
            continue
        if any(Path(document.path).is_relative_to(root) for root in roots):
            shelf.remove(document.id)
            report.removed.append(document.filename)
