"""Everybody is cut off at once and comes back, and nobody who stayed notices."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from loadtests.client import Answer, ChatClient
from tests.faults.clients import shown
from tests.faults.crowd import Crowd, allow_descriptors
from tests.faults.oracle import Oracle, question
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.server import Server

PROMISE = "A reconnect storm is survived"
STREAMS = 20
FIRST_CROWD = 100
CROWD = 1000
DESCRIPTORS = 2 * CROWD
STABLE_S = 6
"""A connection that was open for so long begins its back-off anew."""
BACK_S = 10
STALL_S = 1
SCRIPT = {"tokens": 400, "rate": 4}


@dataclass(frozen=True)
class Watcher:
    """Somebody who is not cut, with a session for streams and another in which nothing happens."""

    client: ChatClient
    busy: str
    quiet: str


async def storms(trial: Trial) -> Measured:
    """The first storm is one of a hundred clients; from then on there are a thousand."""
    allow_descriptors(DESCRIPTORS)  # the server is forked from this process's zygote, and raises its own
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(trial.launcher, trial.folder))
        await server.start()
        oracle = Oracle(server.database, server.record)
        crowd = await stack.enter_async_context(Crowd.gathered())
        watchers = [await _watcher(stack, server.url) for _ in range(STREAMS)]
        size = 0
        for number in trial.numbers():
            more = (FIRST_CROWD if number == 0 else CROWD) - size
            size += more
            await crowd.follow(server.url, _followed(watchers, more))
            trial.fail(number, await _storm(trial, number, watchers, crowd, oracle))
    return trial.measured


async def _watcher(stack: AsyncExitStack, url: str) -> Watcher:
    client = await stack.enter_async_context(ChatClient(url, transport="websocket", scripted=True))
    busy, quiet = [await client.ask("tokens=1") for _ in range(2)]
    return Watcher(client, busy.session_id, quiet.session_id)


def _followed(watchers: Sequence[Watcher], number: int) -> list[tuple[str, str]]:
    """The token and the session of each: one half has an answer running."""
    taken = [watchers[place % STREAMS] for place in range(number)]
    return [
        (watcher.client.token, watcher.busy if place // STREAMS % 2 else watcher.quiet)
        for place, watcher in enumerate(taken)
    ]


async def _storm(
    trial: Trial, number: int, watchers: Sequence[Watcher], crowd: Crowd, oracle: Oracle
) -> list[str]:
    names = [f"w-{number}-{place}-{trial.random(number).getrandbits(32):08x}" for place in range(STREAMS)]
    entries = [
        watcher.client.send(question(name, **SCRIPT), client_message_id=name, session_id=watcher.busy)
        for name, watcher in zip(names, watchers, strict=True)
    ]
    acks = [await watcher.client.accepted(entry) for watcher, entry in zip(watchers, entries, strict=True)]
    await asyncio.sleep(STABLE_S)
    for watcher in watchers:
        watcher.client.measures.take()
    returned = await crowd.cut()
    answers = []
    for watcher, ack in zip(watchers, acks, strict=True):
        session_id, message_id = ack["session_id"], ack["pending_message_id"]
        await watcher.client.stop(session_id, message_id)
        answers.append(Answer.of(ack, await watcher.client.ended(session_id, message_id)))
    stalls = [max(watcher.client.measures.take().lateness_s, default=0) for watcher in watchers]
    trial.measured.count("resumed", len(returned.seconds))
    if number:
        trial.measured.figure("s until all were back", max(returned.seconds, default=0))
        trial.measured.figure("s of a stall", max(stalls))
    wrong = [f"{returned.missing} never came back"] if returned.missing else []
    wrong += [f"somebody was back after {each:.1f} s" for each in returned.seconds if each > BACK_S]
    wrong += [f"a stream stalled for {each:.2f} s" for each in stalls if each > STALL_S]
    wrong += returned.violations
    wrong += [str(each) for watcher in watchers for each in watcher.client.violations.first]
    judged = [shown(answer, question(answer.client_message_id, **SCRIPT)) for answer in answers]
    return [*wrong, *oracle.judge(judged)]


PROOFS = [Proof("a thousand clients cut at once", small=1, full=6, run=storms, quiet=True)]
