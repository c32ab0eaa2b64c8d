"""What a server says whose database cannot be written."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import logs
from tests.faults.disk import SmallDisk, small_disk
from tests.support.live import Live, User, live
from tests.support.logs import logs_restored

WORDS = "the database file was moved, replaced or deleted"
NOTES = {"file": ("notes.md", b"# Roses\n\nA rose is a rose.", "text/markdown")}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(8, tmp_path / "disk") as found:
        yield found


@pytest.fixture
def server(disk: SmallDisk) -> Iterator[Live]:
    with logs_restored():
        logs.configure()  # as the command does: what cannot be logged is no trouble of its own
        with live(disk.folder / "data", limit_messages_per_minute=0) as found:
            yield found


@pytest.fixture
def ann(server: Live) -> Iterator[User]:
    with server.user() as found:
        yield found


def refused(user: User) -> bool:
    answer = user.http.post("/api/chat/messages", json={"content": "tokens=3"})
    if answer.status_code == 200:
        return False
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer.headers["Retry-After"]
    return True


def test_a_database_that_is_moved_away_is_told_until_it_is_back(ann: User, disk: SmallDisk) -> None:
    assert not refused(ann)
    file = disk.folder / "data" / "steadychat.db"
    file.rename(disk.folder / "away.db")
    assert refused(ann)
    ready = ann.http.get("/readyz")
    assert (ready.status_code, ready.json()["reason"]) == (503, WORDS)
    assert ann.http.get("/healthz").status_code == 200
    assert len(ann.http.get("/api/chat/sessions").json()["sessions"]) == 1, "what can be read is read"
    (disk.folder / "away.db").rename(file)
    assert not refused(ann)
    assert ann.http.get("/readyz").status_code == 200


def test_a_full_disk_is_told_until_there_is_room(ann: User, disk: SmallDisk) -> None:
    assert not refused(ann)
    disk.fill(os.getpid())
    told = refused(ann), ann.http.get("/readyz").status_code
    listed = ann.http.get("/api/chat/sessions").json()["sessions"]
    upload = ann.http.post("/api/documents", files=NOTES)
    disk.free(os.getpid())
    assert told == (True, 503)
    assert len(listed) == 1
    assert (upload.status_code, upload.json()["code"]) == (503, "storage_unavailable")
    assert not refused(ann)
    assert ann.http.get("/readyz").status_code == 200
    assert ann.http.get("/api/documents").json()["documents"] == []
    assert ann.http.post("/api/documents", files=NOTES).status_code == 202
