"""A chain that holds its own thread holds up nobody else."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from random import Random

from loadtests.client import ChatClient
from tests.faults.proofs import Measured, Trial
from tests.faults.server import Server

CHAINS = "scripted=chains.scripted:build,sync=chains.scripted:build_synchronous"
RATE = 10
LATE_S = 0.1
STOP_S = 0.5
# Streams and seconds of the first trial, and of the others.
FIRST, WHOLE = (20, 3), (50, 30)


async def beside_a_sleeper(trial: Trial) -> Measured:
    """One chain calls `time.sleep` in its synchronous code while others stream; then it is stopped."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(trial.launcher, trial.folder, chains=CHAINS))
        await server.start()
        clients = [
            await stack.enter_async_context(ChatClient(server.url, transport="websocket", scripted=True))
            for _ in range(WHOLE[0])
        ]
        sleeper = await stack.enter_async_context(ChatClient(server.url, transport="websocket"))

        async def make(number: int, _: Random) -> Sequence[str]:
            streams, seconds = WHOLE if number else FIRST
            return await _trial(trial, clients[:streams], sleeper, seconds)

        return await trial.each(make)


async def _trial(
    trial: Trial, clients: Sequence[ChatClient], sleeper: ChatClient, seconds: int
) -> Sequence[str]:
    entry = sleeper.send(f"tokens=3 block_at=1 block={seconds}", chain="sync")
    await sleeper.accepted(entry)
    await asyncio.gather(*(client.ask(f"tokens={seconds * RATE} rate={RATE}") for client in clients))
    late = sorted(each for client in clients for each in client.measures.take().lateness_s)
    slow = late[int(len(late) * 0.99)]
    trial.measured.count("tokens beside it", len(late))
    trial.measured.figure("ms of lateness (p99)", round(slow * 1000, 1))
    wrong = [f"p99 lateness was {slow * 1000:.0f} ms"] if slow >= LATE_S else []
    return wrong + await _stopped(trial, sleeper) + _violations(clients)


async def _stopped(trial: Trial, sleeper: ChatClient) -> list[str]:
    """An answer whose thread sleeps is ended at once when it is asked for."""
    entry = sleeper.send("tokens=3 block_at=1 block=5", chain="sync")
    accepted = await sleeper.accepted(entry)
    session_id, answer_id = accepted["session_id"], accepted["pending_message_id"]
    await sleeper.until(lambda: _text(sleeper, session_id, answer_id) != "")  # its thread sleeps from now on
    began = time.monotonic()
    await sleeper.stop(session_id, answer_id)
    status = (await sleeper.ended(session_id, answer_id))["status"]
    took = time.monotonic() - began
    trial.measured.figure("ms until a stop had ended it", round(took * 1000, 1))
    wrong = [] if status == "cancelled" else [f"the stopped answer is {status}"]
    return wrong + ([f"the stop took {took:.1f} s"] if took >= STOP_S else [])


def _text(client: ChatClient, session_id: str, message_id: str) -> str:
    row = client._driver.core.conversations[session_id].rows.get(message_id)
    return "" if row is None else str(row.text)


def _violations(clients: Sequence[ChatClient]) -> list[str]:
    return [str(each) for client in clients for each in client.violations.first]
