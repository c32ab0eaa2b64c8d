"""Asking over REST, as a client that repeats itself until it is told: for proofs that need no live view."""

import random
from dataclasses import dataclass
from typing import Any

import httpx

from tests.faults.oracle import Shown, question
from tests.faults.server import Server

AT_ONCE = {"Prefer": "respond-async"}


@dataclass
class Sent:
    """A message on its way. `ack` is what the server said, if it came to it."""

    client_message_id: str
    question: str
    ack: dict[str, Any] | None = None


def message(chance: random.Random, **words: object) -> Sent:
    client_message_id = f"c{chance.getrandbits(64):016x}"
    return Sent(client_message_id, question(client_message_id, **words))


async def identified(server: Server) -> dict[str, str]:
    """The header of somebody new. It outlives the server: the secret is in its folder."""
    async with server.client() as client:
        found = (await client.post("/api/chat/identity")).raise_for_status().json()
    return {"Authorization": f"Bearer {found['token']}"}


async def send(client: httpx.AsyncClient, sent: Sent) -> None:
    """Sends it in a session of its own; if the server dies meanwhile there is no `ack`."""
    body = {"content": sent.question, "client_message_id": sent.client_message_id}
    try:
        answer = await client.post("/api/chat/messages", json=body, headers=AT_ONCE)
    except httpx.TransportError:
        return
    sent.ack = answer.raise_for_status().json()


async def read(client: httpx.AsyncClient, sent: Sent) -> Shown:
    """The answer as REST tells it now."""
    if sent.ack is None:
        raise ValueError(f"{sent.client_message_id} was never acknowledged")
    session_id, message_id = sent.ack["session_id"], sent.ack["pending_message_id"]
    path = f"/api/chat/sessions/{session_id}/messages/{message_id}"
    told = (await client.get(path)).raise_for_status().json()
    return Shown(
        session_id, message_id, sent.client_message_id, sent.question, told["content"], told["status"]
    )


async def until_ended(client: httpx.AsyncClient, sent: Sent) -> None:
    """Sent again without `respond-async`, it is answered when the answer has ended."""
    body = {"content": sent.question, "client_message_id": sent.client_message_id}
    (await client.post("/api/chat/messages", json=body)).raise_for_status()


async def stop(client: httpx.AsyncClient, sent: Sent) -> None:
    assert sent.ack is not None
    path = f"/api/chat/sessions/{sent.ack['session_id']}/messages/{sent.ack['pending_message_id']}/stop"
    (await client.post(path)).raise_for_status()
