"""Several senders of one `client_message_id`, through every door at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from tests.faults.asking import AT_ONCE, identified
from tests.faults.server import Server
from tests.faults.tab import Tab

CONFLICT = "idempotency_conflict"
USERS = 6
TABS = ("tab", "other tab")
DOORS = (*TABS, "rest", "blocking rest")
APART_S = (0, 0, 0, 0.001, 0.003, 0.01)


@dataclass(frozen=True)
class Told:
    """What one sender was told: the ids of one acceptance, or the code of a refusal."""

    door: str
    ids: tuple[str, str, str] = ("", "", "")
    duplicate: bool = False
    refused: str | None = None
    status: str = "pending"


@dataclass
class User:
    """Somebody with two tabs and a script; `session` is one of theirs in which nothing runs."""

    tabs: tuple[Tab, Tab]
    rest: httpx.AsyncClient
    headers: dict[str, str]
    session: str | None = None

    async def send(self, door: str, body: dict[str, Any]) -> Told:
        if door == "tab":
            return _of_frame(door, await self.tabs[0].ask(type="send", **body))
        if door == "other tab":
            return _of_frame(door, await self.tabs[1].ask(type="send", **body))
        headers = AT_ONCE if door == "rest" else {}
        return _of_response(door, await self.rest.post("/api/chat/messages", json=body, headers=headers))

    async def retry(self, door: str, session_id: str, message_id: str, name: str) -> Told:
        if door in TABS:
            tab = self.tabs[TABS.index(door)]
            frame = await tab.ask(type="retry", message_id=message_id, client_message_id=name)
            return _of_frame(door, frame)
        path = f"/api/chat/sessions/{session_id}/messages/{message_id}/retry"
        headers = AT_ONCE if door == "rest" else {}
        return _of_response(
            door, await self.rest.post(path, json={"client_message_id": name}, headers=headers)
        )

    async def stop(self, door: str, session_id: str, message_id: str) -> str:
        """The status that the answer has then, as it is told."""
        if door in TABS:
            told = await self.tabs[TABS.index(door)].ask(type="stop", message_id=message_id)
        else:
            path = f"/api/chat/sessions/{session_id}/messages/{message_id}/stop"
            told = (await self.rest.post(path)).raise_for_status().json()
        return str(told["status"])

    async def follow_another(self) -> str:
        """A new session, which both tabs follow from its start."""
        if self.session is not None:
            for tab in self.tabs:
                await tab.forget(self.session)
        made = (await self.rest.post("/api/chat/sessions", json={})).raise_for_status().json()
        for tab in self.tabs:
            await tab.ask(type="subscribe", session_id=made["id"])
        self.session = str(made["id"])
        return self.session


@asynccontextmanager
async def user(server: Server) -> AsyncIterator[User]:
    me = await identified(server)
    async with (
        Tab(server.socket_url, me) as tab,
        Tab(server.socket_url, me) as other,
        server.client(headers=me) as rest,
    ):
        yield User((tab, other), rest, me)


class Users:
    """So many users, each taken by one trial at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._free: asyncio.LifoQueue[User] = asyncio.LifoQueue()

    async def fill(self, stack: AsyncExitStack) -> None:
        for _ in range(USERS):
            self._free.put_nowait(await stack.enter_async_context(user(self._server)))

    @asynccontextmanager
    async def one(self) -> AsyncIterator[User]:
        taken = await self._free.get()
        try:
            yield taken
        finally:
            self._free.put_nowait(taken)


async def raced(user: User, senders: Sequence[tuple[str, dict[str, Any]]], chance: Random) -> list[Told]:
    """What all were told; some begin a little later than others."""

    async def after_a_while(door: str, body: dict[str, Any], wait_s: float) -> Told:
        await asyncio.sleep(wait_s)
        return await user.send(door, body)

    return await asyncio.gather(
        *(after_a_while(door, body, chance.choice(APART_S)) for door, body in senders)
    )


def differing(told: Sequence[Told], bodies: Sequence[dict[str, Any]]) -> list[str]:
    """What must not be: two answers, two that are first, none; a conflict of what is the same, and none else.

    `bodies` are what was sent, in the order of `told`.
    """
    taken = [each for each in told if each.refused is None]
    found = [
        f"{each.door} was refused: {each.refused}" for each in told if each.refused not in {None, CONFLICT}
    ]
    if len({each.ids for each in taken}) != 1:
        found.append(f"differing ids: {taken}")
    pairs = list(zip(bodies, told, strict=True))
    first = [body for body, each in pairs if each.refused is None and not each.duplicate]
    if len(first) != 1:
        return [*found, f"not exactly one was first: {taken}"]
    return found + [
        f"{each.door} was told {each.refused} of {body}, and the first was {first[0]}"
        for body, each in pairs
        if (each.refused == CONFLICT) == _same(first[0], body)
    ]


def _same(first: dict[str, Any], later: dict[str, Any]) -> bool:
    """Whoever names no session means the one of the first; none names here what the first has made."""
    return first["content"] == later["content"] and later.get("session_id") in {
        None,
        first.get("session_id"),
    }


def _of_frame(door: str, frame: dict[str, Any]) -> Told:
    if frame["type"] == "error":
        return Told(door, refused=frame["code"])
    return Told(door, _ids(frame), frame["duplicate"], status=frame["status"])


def _of_response(door: str, response: httpx.Response) -> Told:
    body = response.json()
    if response.status_code == httpx.codes.OK:
        ids = {"session_id": body["message"]["session_id"], "user_message_id": body["user_message"]["id"]}
        return Told(door, _ids(body | ids), body["duplicate"], status=body["message"]["status"])
    if response.status_code == httpx.codes.ACCEPTED:
        return Told(door, _ids(body), body["duplicate"], status=body["status"])
    return Told(door, refused=body["code"])


def _ids(body: dict[str, Any]) -> tuple[str, str, str]:
    return body["session_id"], body["user_message_id"], body["pending_message_id"]
