"""Back to the moment of a backup that was made while a server was answering, with a client that stays."""

import asyncio
import json
import re
import shlex
import subprocess
import sys
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic import command
from typer.testing import CliRunner
from websockets.asyncio.client import ClientConnection, connect

from api.database.copy import opened
from api.database.migrate import configured
from api.main import cli
from tests.faults.asking import identified
from tests.faults.launching import ROOT, Zygote
from tests.faults.oracle import Oracle
from tests.faults.server import Server

pytestmark = pytest.mark.anyio

ENDLESS = "tokens=100000 rate=300"
Frame = dict[str, Any]


async def steadychat(server: Server, *arguments: str, status: int = 0) -> str:
    """What a command says that is told of the same data; the server is another process."""
    result = await asyncio.to_thread(CliRunner().invoke, cli, arguments, env=server.environment())
    assert result.exit_code == status, result.output
    return result.output


@dataclass
class Page:
    """What a page holds of one session, by the rules of the protocol; it outlives its connections."""

    server: Server
    me: dict[str, str]
    rows: dict[str, Frame] = field(default_factory=dict)
    session_id: str | None = None
    epoch: str | None = None
    cursor: int | None = None
    heard: list[Frame] = field(default_factory=list)

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(row["content"], row["status"]) for row in self.rows.values()]

    async def subscribe(self, socket: ClientConnection) -> Frame:
        wish = {"type": "subscribe", "session_id": self.session_id, "epoch": self.epoch, "after": self.cursor}
        await socket.send(json.dumps(wish))
        return await self.until(socket, "subscribed")

    async def send(self, socket: ClientConnection, content: str, client_message_id: str) -> Frame:
        wish = {"type": "send", "content": content, "client_message_id": client_message_id}
        if self.session_id is not None:
            wish["session_id"] = self.session_id
        await socket.send(json.dumps(wish))
        return await self.until(socket, "ack")

    async def until(self, socket: ClientConnection, *types: str) -> Frame:
        while True:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 20))
            self.heard.append(frame)
            await self._take(frame)
            if frame["type"] in types:
                return dict(frame)

    async def _take(self, frame: Frame) -> None:
        if frame["type"] in {"ack", "subscribed"}:
            self.session_id = frame["session_id"]
            another = frame["epoch"] != self.epoch
            if another:  # rule 7: rows and cursor go, the newest page comes
                self.rows, self.cursor, self.epoch = {}, None, frame["epoch"]
            if another or frame["type"] == "subscribed":
                await self._load()
            if frame["type"] == "subscribed":
                self.cursor = frame["seq"]
        elif frame["type"] == "message":
            self.rows.setdefault(frame["message"]["id"], frame["message"])
        elif frame["type"] == "token" and not _terminal(self.rows[frame["message_id"]]):
            row = self.rows[frame["message_id"]]
            assert frame["at"] <= len(row["content"])
            row["content"] += frame["content"][len(row["content"]) - frame["at"] :]
        elif frame["type"] in {"done", "error"}:
            self.rows[frame["message_id"]]["status"] = frame["status"]
        if "seq" in frame and frame["type"] != "subscribed":
            assert frame.get("from", frame["seq"]) == (self.cursor or 0) + 1, "no gap"
            self.cursor = frame["seq"]

    async def _load(self) -> None:
        for row in (await self.newest())["messages"]:
            mine = self.rows.get(row["id"], row)
            newer = _terminal(row) or len(row["content"]) >= len(mine["content"])
            self.rows[row["id"]] = row if newer else mine
        self.rows = dict(sorted(self.rows.items(), key=lambda item: item[1]["index"]))

    async def newest(self) -> Frame:
        async with self.server.client(headers=self.me) as client:
            path = f"/api/chat/sessions/{self.session_id}/messages"
            found: Frame = (await client.get(path)).raise_for_status().json()
            return found

    def connected(self) -> connect:
        return connect(self.server.socket_url, additional_headers=self.me, proxy=None, max_queue=None)


def _terminal(row: Frame) -> bool:
    return row["status"] not in {"pending", "streaming"}


async def chatted(page: Page, target: Path) -> str:
    """A backup is made while the second answer is being written; two more messages follow it.

    Returns what had been seen of that answer before.
    """
    async with page.connected() as socket:
        await page.send(socket, "tokens=5", "one")
        await page.until(socket, "done")
        two = await page.send(socket, ENDLESS, "two")
        seen = (await page.until(socket, "token"))["content"]
        assert "Backed up" in await steadychat(page.server, "backup", str(target))
        await socket.send(json.dumps({"type": "stop", "message_id": two["pending_message_id"]}))
        await page.until(socket, "done")
        for key in ("three", "four"):
            await page.send(socket, "tokens=5", key)
            await page.until(socket, "done")
    assert [status for _, status in page.texts] == [*["complete"] * 3, "cancelled", *["complete"] * 4]
    return str(seen)


async def test_a_client_from_the_lost_future_notices_and_shows_what_there_is(
    tmp_path: Path, launcher: Zygote
) -> None:
    target = tmp_path / "chat.tar"
    async with Server(launcher, tmp_path / "data") as server:
        await server.start()
        page = Page(server, await identified(server))
        seen = await chatted(page, target)
        first = list(page.rows)
        lost_epoch = page.epoch
        assert "stop it first" in await steadychat(server, "restore", str(target), status=1)
        await server.term()
        said = await steadychat(server, "restore", str(target))
        assert "lies in" in said
        await server.start()

        page.heard.clear()
        async with page.connected() as socket:
            subscribed = await page.subscribe(socket)
            assert (subscribed["recovered"], subscribed["epoch"] != lost_epoch) == (False, True)
            assert list(page.rows) == first[:4], "the backup knows two questions with their answers"
            (_, _), (one, _), (_, _), (two, ended) = page.texts
            assert one == "t0 t1 t2 t3 t4 "
            assert ended == "interrupted"
            assert two.startswith(seen), "what was seen before the backup is in it"
            assert "".join(f"t{number} " for number in range(100_000)).startswith(two)

            again = await page.send(socket, "tokens=5", "one")
            assert (again["duplicate"], again["pending_message_id"]) == (True, first[1])
            fresh = await page.send(socket, "tokens=7", "four")
            assert not fresh["duplicate"], "it was accepted in a future that is lost"
            await page.until(socket, "done")
        newest = (await page.newest())["messages"]
        assert page.texts == [(row["content"], row["status"]) for row in newest]
        assert len(newest) == 6
        oracle = Oracle(server.database, tmp_path / "no record")
        assert oracle.leftovers() == []


async def test_an_ack_of_another_epoch_is_noticed_too(tmp_path: Path, launcher: Zygote) -> None:
    """A page that sends before it has subscribed again; the data were brought back by copying files."""
    async with Server(launcher, tmp_path / "data") as server:
        await server.start()
        page = Page(server, await identified(server))
        async with page.connected() as socket:
            await page.send(socket, "tokens=5", "one")
            await page.until(socket, "done")
        lost_epoch = page.epoch
        assert "stop it first" in await steadychat(server, "restored", status=1)
        await server.term()
        assert "new epoch" in await steadychat(server, "restored")
        await server.start()
        async with page.connected() as socket:
            ack = await page.send(socket, "tokens=6", "two")
            assert ack["epoch"] != lost_epoch
            await page.until(socket, "done")
        assert page.texts == [(row["content"], row["status"]) for row in (await page.newest())["messages"]]


async def test_another_machine_needs_nothing_but_the_backup(tmp_path: Path, launcher: Zygote) -> None:
    async with Server(launcher, tmp_path / "data") as server:
        await server.start()
        me = await identified(server)
        async with aclosing(server.client(headers=me)) as client:
            ask = {"content": "tokens=3", "client_message_id": "one"}
            answer = (await client.post("/api/chat/messages", json=ask)).json()["message"]
            upload = {"file": ("notes.md", b"# Roses\n\nA rose is a rose.", "text/markdown")}
            uploaded = (await client.post("/api/documents", files=upload)).raise_for_status().json()
        await steadychat(server, "backup", str(tmp_path / "chat.tar"))
    async with Server(launcher, tmp_path / "elsewhere") as other:
        await steadychat(other, "restore", str(tmp_path / "chat.tar"))
        await other.start()
        async with aclosing(other.client(headers=me)) as client:
            path = f"/api/chat/sessions/{answer['session_id']}/messages"
            assert (await client.get(path)).raise_for_status().json()["messages"][-1] == answer
            listed = (await client.get("/api/documents")).raise_for_status().json()["documents"]
            assert [each["id"] for each in listed] == [each["id"] for each in uploaded["documents"]]


async def test_an_older_backup_is_migrated_at_the_start(tmp_path: Path, launcher: Zygote) -> None:
    old = Server(launcher, tmp_path / "old")
    async with old, Server(launcher, tmp_path / "new") as new:
        older_history(old.database)
        await steadychat(old, "backup", str(tmp_path / "old.tar"))
        await steadychat(new, "restore", str(tmp_path / "old.tar"))
        await new.start()
        me = await identified(new)
        async with aclosing(new.client(headers=me)) as client:
            answer = await client.post("/api/chat/messages", json={"content": "tokens=3"})
            assert answer.status_code == httpx.codes.OK
        assert [each.name.split("-")[1] for each in (new.folder / "backups").iterdir()] == ["0001"]


def older_history(database: Path) -> None:
    """As the first version made it."""
    with opened(database) as engine, engine.connect() as connection:
        command.upgrade(configured(connection), "0001")
        connection.commit()


async def test_the_line_for_cron_works(tmp_path: Path, launcher: Zygote) -> None:
    guide = (ROOT / "docs" / "guide" / "operating.md").read_text()
    (line,) = re.findall(r"^15 3 \* \* \* (.+)$", guide, re.MULTILINE)
    async with Server(launcher, tmp_path / "srv" / "var") as server:
        await server.start()
        (server.folder.parent / ".venv").symlink_to(Path(sys.executable).parents[1])
        (tmp_path / "backups").mkdir()
        line = line.replace(r"\%", "%")  # as cron itself reads it
        line = line.replace("/srv/steadychat", shlex.quote(str(server.folder.parent)))
        line = line.replace("/backups", shlex.quote(str(tmp_path / "backups")))
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", line),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        said = await process.communicate()
        assert process.returncode == 0, said
    (made,) = (tmp_path / "backups").iterdir()
    assert re.fullmatch(r"steadychat-\d{4}-\d\d-\d\d\.tar", made.name)
