"""Stops that race with the end of the answer, and what they do to the model's stream."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from random import Random
from typing import Any

from api.core.lifecycle import Status
from chains.script import read_script
from tests.faults.asking import identified
from tests.faults.clients import surviving
from tests.faults.judged import Judged, world
from tests.faults.oracle import Oracle, over_rest, question
from tests.faults.proofs import Measured, Trial
from tests.faults.racing import USERS, User, Users
from tests.faults.server import Server

STOPS = ("other tab", "rest")
WITHIN_S = 0.5
WIDER = 3
"""So much wider are bars at a first look, which other work may disturb."""
PACES: Sequence[dict[str, object]] = (
    {"tokens": 1},
    {"tokens": 12},
    {"tokens": 3, "rate": 1000},
    {"tokens": 12, "rate": 1000},
    {"tokens": 30, "rate": 1000},
)
CHAINS = "asynchronous=chains.scripted:build,synchronous=chains.scripted:build_synchronous"
PIECE_S = 0.01
SILENT_S = 1.0


async def stopped(trial: Trial) -> Measured:
    """One to three stops from another tab and over REST, at a random moment around the end."""
    async with world(trial) as (_, users, judged):

        async def race(number: int, chance: Random) -> Sequence[str]:
            async with users.one() as racing:
                return await _race(trial, judged, racing, number, chance)

        await trial.each(race, at_once=USERS)
    return trial.measured


async def _race(trial: Trial, judged: Judged, racing: User, number: int, chance: Random) -> Sequence[str]:
    session_id = racing.session
    if session_id is None or chance.random() < 0.1:
        session_id = await racing.follow_another()
    name = f"s-{number}-{chance.getrandbits(32):08x}"
    text = question(name, **chance.choice(PACES))
    body = {"content": text, "client_message_id": name, "session_id": session_id}
    sent = await racing.send(chance.choice(("tab", "rest")), body)
    if sent.refused is not None:
        return [f"it was refused: {sent.refused}"]
    message_id = sent.ids[2]
    await _around_the_end(racing, message_id, text, chance)
    doors = [STOPS[(number + more) % 2] for more in range(chance.choice((1, 1, 2, 3)))]
    told = await asyncio.gather(*(racing.stop(door, session_id, message_id) for door in doors))
    both = [await tab.shown(message_id, name, text) for tab in racing.tabs]
    wrong = contradicted(told, both[0].status)
    if both[0] != both[1]:
        wrong.append(f"one tab shows {both[0]}, the other {both[1]}")
    wrong += await over_rest(racing.rest, both[:1])
    wrong += [f"{ends} ends were told" for tab in racing.tabs if (ends := tab.ends(message_id)) != 1]
    judged.add(chance.choice(both))
    trial.measured.count(both[0].status)
    trial.measured.count("stops", len(told))
    return wrong


async def _around_the_end(racing: User, message_id: str, text: str, chance: Random) -> None:
    """From just after it was accepted to just after it has ended."""
    script = read_script(text)
    if chance.random() < 0.7:
        await asyncio.sleep(chance.uniform(0, 1.2 * script.tokens / (script.rate or 10_000)))
        return
    await racing.tabs[1].grown_to(message_id, len(script.text()))
    await asyncio.sleep(chance.choice((0, 0, 0.0005, 0.001)))


def contradicted(told: Sequence[str], status: str) -> list[str]:
    """A stop may come back before the end; if it tells of an end, it is the one that stays."""
    found = [
        f"a stop was told {each}, and it ended {status}"
        for each in told
        if Status(each).terminal and each != status
    ]
    if status not in {"complete", "cancelled"}:
        found.append(f"it ended {status}")
    return found


async def closed(trial: Trial) -> Measured:
    """How long after a stop the chain's generator has ended, by its own record.

    A synchronous one is left behind in its thread: the answer ends at once, and the generator
    at its next piece.
    """
    async with surviving(trial, _first_thread, chains=CHAINS) as (server, oracle), AsyncExitStack() as stack:
        users = Users(server)
        await users.fill(stack)

        async def stop(number: int, chance: Random) -> Sequence[str]:
            async with users.one() as user:
                return await _stop(trial, oracle, user, number, chance)

        await trial.each(stop)
    return trial.measured


async def _first_thread(server: Server) -> None:
    """Synchronous chains have threads of their own, of which one stays for the next."""
    async with server.client(headers=await identified(server)) as client:
        body = {"content": "tokens=1", "chain": "synchronous"}
        (await client.post("/api/chat/messages", json=body)).raise_for_status()


async def _stop(trial: Trial, oracle: Oracle, user: User, number: int, chance: Random) -> Sequence[str]:
    chain = ("asynchronous", "synchronous")[number % 2]
    silent = chance.random() < 0.5
    name = f"m-{number}-{chance.getrandbits(32):08x}"
    words: dict[str, object] = {"gap_at": 2, "gap": SILENT_S} if silent else {}
    text = question(name, tokens=10_000, rate=1 / PIECE_S, **words)
    sent = await user.send("tab", {"content": text, "client_message_id": name, "chain": chain})
    session_id, _, message_id = sent.ids
    await user.tabs[0].grown_to(message_id, 1)
    await asyncio.sleep(chance.uniform(0.02, 0.08))
    began = time.monotonic()
    status = await user.stop(STOPS[number // 2 % 2], session_id, message_id)
    ended_s = time.monotonic() - began
    shown = await user.tabs[0].shown(message_id, name, text)
    end = await _recorded(oracle, name)
    closed_s = end["at"] - began
    await user.tabs[0].forget(session_id)
    left_behind = silent and chain == "synchronous"
    within_s = WITHIN_S * (WIDER if trial.small else 1)
    closed_within_s = within_s + (SILENT_S if left_behind else 0)
    trial.measured.figure("s until a stop was answered", ended_s, within_s)
    kind = "a silent synchronous" if left_behind else f"an {chain}" if number % 2 == 0 else "a synchronous"
    trial.measured.figure(f"s until {kind} stream was closed", closed_s, closed_within_s)
    wrong = oracle.judge([shown], statuses={"cancelled"})
    if (status, end["outcome"]) != ("cancelled", "closed"):
        wrong.append(f"the stop was told {status}, and the stream was {end['outcome']}")
    if ended_s > within_s:
        wrong.append(f"{chain}: the stop was answered after {ended_s:.3f} s")
    if closed_s > closed_within_s:
        wrong.append(f"{chain}: the stream was closed after {closed_s:.3f} s")
    return wrong


async def _recorded(oracle: Oracle, name: str) -> dict[str, Any]:
    """The chain's own note of its end; nothing tells of another process's file."""
    async with asyncio.timeout(SILENT_S + 10):
        while (end := oracle.ended(name)) is None:  # noqa: ASYNC110 - as it says
            await asyncio.sleep(0.005)
    return end
