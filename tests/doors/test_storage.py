"""What a server says whose database cannot be written."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api import logs
from api.auth.identity import Identity
from tests.faults.disk import SmallDisk, small_disk
from tests.support import talk
from tests.support.live import Live, User, live
from tests.support.logs import logs_restored

WORDS = "the database file was moved, replaced or deleted"
PATIENCE_S = 10
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


def test_whoever_pings_is_answered_while_what_it_sent_waits_for_the_database(
    server: Live, ann: User, disk: SmallDisk
) -> None:
    other = sqlite3.connect(disk.folder / "data" / "steadychat.db", isolation_level=None)
    with closing(other), talk.socket(server, ann) as connection:
        other.execute("BEGIN IMMEDIATE")
        for number in range(3):
            talk.say(connection, type="send", content="tokens=3", client_message_id=f"m-{number}")
        talk.say(connection, type="ping", id="p")
        assert talk.hear(connection) == {"type": "pong", "id": "p"}
        other.execute("ROLLBACK")
        acks = [frame for frame in talk.until(connection, "done") if frame["type"] == "ack"]
        while len(acks) < 3:
            acks += [talk.until(connection, "ack")[-1]]
    assert [ack["client_message_id"] for ack in acks] == ["m-0", "m-1", "m-2"], "in their order"


def test_what_was_sent_before_leaving_is_accepted(server: Live, ann: User, disk: SmallDisk) -> None:
    other = sqlite3.connect(disk.folder / "data" / "steadychat.db", isolation_level=None)
    with closing(other):
        with talk.socket(server, ann) as connection:
            other.execute("BEGIN IMMEDIATE")
            for number in range(3):
                talk.say(connection, type="send", content="tokens=3", client_message_id=f"left-{number}")
            talk.say(connection, type="ping")
            talk.hear(connection)  # all of it has been read
        other.execute("ROLLBACK")
        accepted = "SELECT count(*) FROM messages WHERE client_message_id LIKE 'left-%'"
        wait_until(lambda: other.execute(accepted).fetchone() == (3,))


def test_whoever_has_left_is_not_waited_for_where_only_they_would_have_heard(
    server: Live, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = ann.http.post("/api/chat/sessions", json={}).json()["id"]
    hanging = Hanging()
    monkeypatch.setattr(server.parts.chat, "begin", hanging)
    with talk.socket(server, ann) as connection:
        talk.say(connection, type="subscribe", session_id=session)
        talk.say(connection, type="send", content="tokens=3", client_message_id="behind")
        talk.say(connection, type="subscribe", session_id=session)
        talk.say(connection, type="ping")
        talk.hear(connection)  # all of it has been read
        assert hanging.begun.wait(PATIENCE_S)
    wait_until(lambda: len(server.parts.sockets.places) == 0)
    assert (hanging.calls, hanging.broken_off) == (1, 1)
    sent = {"content": "tokens=3", "client_message_id": "behind"}
    assert ann.http.post("/api/chat/messages", json=sent).json()["duplicate"], "it was carried out"


def test_what_follows_a_slow_hello_is_accepted_although_its_sender_has_left(
    server: Live, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, go_on = server.parts.who.check, threading.Event()

    async def slow(token: str) -> Identity:
        await asyncio.to_thread(go_on.wait, PATIENCE_S)
        return await check(token)

    monkeypatch.setattr(server.parts.who, "check", slow)
    with talk.socket(server, None) as connection:
        talk.say(connection, type="hello", protocol=1, token=ann.token)
        talk.say(connection, type="send", content="tokens=3", client_message_id="after-hello")
        talk.say(connection, type="ping")
        talk.hear(connection)  # all of it has been read
    go_on.set()
    wait_until(lambda: len(server.parts.sockets.places) == 0)
    monkeypatch.undo()
    sent = {"content": "tokens=3", "client_message_id": "after-hello"}
    assert ann.http.post("/api/chat/messages", json=sent).json()["duplicate"], "it was carried out"


class Hanging:
    """Never comes to an end by itself; counts how often it was called, and how often broken off."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.calls = self.broken_off = 0

    async def __call__(self, *_asked: object) -> None:
        self.calls += 1
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.broken_off += 1


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)
