"""Everybody is cut off at once and comes back, and nobody who stayed notices."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from loadtests.client import Answer, ChatClient
from loadtests.protocol.frames import Frame
from tests.faults.clients import shown, surviving
from tests.faults.crowd import Crowd, allow_descriptors
from tests.faults.oracle import Oracle, question
from tests.faults.proofs import Measured, Proof, Trial

PROMISE = "A reconnect storm is survived"
STREAMS = 20
SMALL_CROWD = 100
CROWD = 1000
DESCRIPTORS = 2 * CROWD
STABLE_S = 6
"""A connection that was open for so long begins its back-off anew."""
BACK_S = 10
STALL_S = 1
WIDER = 3
"""So much wider are bars at a first look, which other work may disturb."""
GOES_ON_S = 20
SCRIPT = {"tokens": 400, "rate": 4}


@dataclass(frozen=True)
class Watcher:
    """Somebody who is not cut, with a session for streams and another in which nothing happens."""

    client: ChatClient
    busy: str
    quiet: str

    async def stopped_later(self, ack: Frame) -> Answer:
        """Stops an answer only after one more piece of it: a silence that still goes on would not be seen."""
        rows = self.client._driver.core.conversations[self.busy].rows
        message_id = ack["pending_message_id"]
        before = len(rows[message_id].text)
        more = self.client.until(lambda: rows[message_id].ended or len(rows[message_id].text) > before)
        try:
            await asyncio.wait_for(more, GOES_ON_S)
        except TimeoutError:
            raise AssertionError(f"nothing more came of {message_id} in {GOES_ON_S} s") from None
        await self.client.stop(self.busy, message_id)
        return Answer.of(ack, await self.client.ended(self.busy, message_id))


async def storms(trial: Trial) -> Measured:
    """A thousand clients are cut, time and again; at a first look a hundred."""
    allow_descriptors(DESCRIPTORS)  # the server is forked from this process's zygote, and raises its own
    async with surviving(trial) as (server, oracle), AsyncExitStack() as stack:
        crowd = await stack.enter_async_context(Crowd.gathered())
        watchers = [await _watcher(stack, server.url) for _ in range(STREAMS)]
        await crowd.follow(server.url, _followed(watchers, SMALL_CROWD if trial.small else CROWD))
        for number in trial.numbers():
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
    stopping = (watcher.stopped_later(ack) for watcher, ack in zip(watchers, acks, strict=True))
    answers = await asyncio.gather(*stopping)
    trial.measured.count("resumed", len(returned.seconds))
    wrong = [*returned.wrong, *_late(trial, returned.seconds), *_stalled(trial, watchers)]
    wrong += [str(each) for watcher in watchers for each in watcher.client.violations.first]
    judged = [shown(answer, question(answer.client_message_id, **SCRIPT)) for answer in answers]
    return [*wrong, *oracle.judge(judged, statuses={"cancelled"})]


def _late(trial: Trial, seconds: Sequence[float]) -> list[str]:
    back_s = BACK_S * (WIDER if trial.small else 1)
    trial.measured.figure("s until all were back", max(seconds, default=0), back_s)
    return [f"somebody was back after {each:.1f} s" for each in seconds if each > back_s]


def _stalled(trial: Trial, watchers: Sequence[Watcher]) -> list[str]:
    """How late pieces came to those who stayed, by the pace of their answers; they never lost anything."""
    stall_s = STALL_S * (WIDER if trial.small else 1)
    wrong = []
    for place, watcher in enumerate(watchers):
        taken = watcher.client.measures.take()
        if not taken.lateness_s:
            wrong.append(f"stream {place} had no pieces")
            continue
        stall = max(taken.lateness_s)
        trial.measured.figure("s of a stall", stall, stall_s)
        if stall > stall_s:
            wrong.append(f"stream {place} stalled for {stall:.2f} s")
        if taken.connections or taken.recoveries:
            wrong.append(f"stream {place} lost its connection, which nobody had cut")
    return wrong


PROOFS = [Proof("a thousand clients cut at once", small=1, full=10, run=storms, quiet=True)]
