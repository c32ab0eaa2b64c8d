"""Uploads on the disk until they are indexed: a folder each, with the raw file and what is known of it."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import structlog

from api.documents.model import Document, Pending

RAW, STATE = "raw", "upload.json"
DRAFT = "."  # what begins with it is not finished, or is being taken away

log = structlog.get_logger()


class Uploads:
    """Kept under ids that the server has made. Each change is whole on the disk or not there at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> Sequence[Pending]:
        """What is kept, oldest first. Clears away what was cut off in the middle.

        That something is being indexed is not kept: it begins again.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        found = []
        for each in sorted(self._folder.iterdir()):
            if each.name.startswith(DRAFT):
                shutil.rmtree(each, ignore_errors=True)
            elif (pending := _read(each)) is not None:
                found.append(pending)
        return sorted(found, key=lambda pending: (pending.document.created_at, pending.document.id))

    def keep(self, pending: Pending, file: BinaryIO) -> None:
        """Keep a new upload. Raises OSError, and then nothing is left of it."""
        draft = self._folder / f"{DRAFT}{pending.document.id}"
        draft.mkdir(parents=True)
        try:
            with (draft / RAW).open("xb") as raw:
                shutil.copyfileobj(file, raw)
                _to_disk(raw)
            _write(draft / STATE, pending)
            draft.rename(self._folder / pending.document.id)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def update(self, pending: Pending) -> None:
        folder = self._folder / pending.document.id
        draft = folder / f"{DRAFT}{STATE}"
        _write(draft, pending)
        draft.replace(folder / STATE)

    def data(self, document_id: str) -> bytes:
        return (self._folder / document_id / RAW).read_bytes()

    def drop(self, document_id: str) -> None:
        """Forget an upload; harmless if it is not there."""
        leaving = self._folder / f"{DRAFT}{document_id}"
        try:
            (self._folder / document_id).rename(leaving)
        except FileNotFoundError:
            return
        shutil.rmtree(leaving, ignore_errors=True)


def _read(folder: Path) -> Pending | None:
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
        created_at = datetime.fromisoformat(state["document"].pop("created_at"))
        document = Document(**state["document"], created_at=created_at)
        return Pending(document, state["user_id"], state["gone"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning(
            "an upload cannot be read and is left alone", folder=folder.name, error=type(error).__name__
        )
        return None


def _write(file: Path, pending: Pending) -> None:
    state = asdict(pending)
    state["document"]["created_at"] = pending.document.created_at.isoformat()
    with file.open("wb") as handle:
        handle.write(json.dumps(state).encode())
        _to_disk(handle)


def _to_disk(handle: BinaryIO) -> None:
    handle.flush()
    os.fsync(handle.fileno())
