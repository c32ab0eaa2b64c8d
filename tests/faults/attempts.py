"""Attempts at one answer that race with each other, and with stops of it."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

from tests.faults.judged import Judged, world
from tests.faults.oracle import Shown, over_rest, question
from tests.faults.proofs import Measured, Trial
from tests.faults.racing import APART_S, DOORS, USERS, Told, User
from tests.faults.stopping import STOPS, contradicted

BUSY = "session_busy"
PACES: Sequence[dict[str, object]] = (
    {"tokens": 3},
    {"tokens": 12, "rate": 1000},
    {"tokens": 30, "rate": 1000},
)


async def attempts(trial: Trial) -> Measured:
    """An answer, retried by several at once, while others stop what they retry."""
    async with world(trial) as (_, users, judged):

        async def race(number: int, chance: Random) -> Sequence[str]:
            async with users.one() as racing:
                return await Attempts(trial, judged, racing, number, chance).race()

        await trial.each(race, at_once=USERS)
    return trial.measured


class Attempts:
    """One trial: an answer and its successors in a session of their own."""

    def __init__(self, trial: Trial, judged: Judged, racing: User, number: int, chance: Random) -> None:
        self._trial = trial
        self._judged = judged
        self._racing = racing
        self._chance = chance
        self._name = f"a-{number}-{chance.getrandbits(32):08x}"
        self._text = question(self._name, **chance.choice(PACES))
        self._session = ""
        self._retries = 0

    async def race(self) -> Sequence[str]:
        self._session = await self._racing.follow_another()
        body = {"content": self._text, "client_message_id": self._name, "session_id": self._session}
        sent = await self._racing.send(self._chance.choice(DOORS[:3]), body)
        newest, wrong = sent.ids[2], list[str]()
        chain = [newest]
        if self._chance.random() < 0.5:  # else it is retried, and stopped, while it runs
            await self._shown(newest, self._name)
        for _ in range(self._chance.randint(1, 3)):
            stops = self._chance.choice((0, 0, 1, 2))
            told, found = await self._raced(newest, stops)
            wrong += found
            taken = [each for each in told if each.refused is None]
            if not taken:
                continue
            newest = taken[0].ids[2]
            chain.append(newest)
            self._trial.measured.count("successors")
        await self._shown(newest, self._name)
        return [*wrong, *await self._linear(chain)]

    async def _raced(self, newest: str, stops: int) -> tuple[list[Told], list[str]]:
        """Retries of the newest answer and stops of it, all at once."""
        retries = [self._retry(newest) for _ in range(self._chance.randint(1 if stops else 2, 4))]
        stopping = [self._stop(newest) for _ in range(stops)]
        told, statuses = await asyncio.gather(asyncio.gather(*retries), asyncio.gather(*stopping))
        shown = await self._shown(newest, self._name)
        self._trial.measured.count("retries", len(told))
        self._trial.measured.count("stops", stops)
        self._trial.measured.count("refused as busy", sum(each.refused == BUSY for each in told))
        wrong = contradicted(statuses, shown.status)
        wrong += [
            f"{each.door} was refused: {each.refused}" for each in told if each.refused not in {None, BUSY}
        ]
        taken = [each for each in told if each.refused is None]
        if len({each.ids for each in taken}) > 1:
            wrong.append(f"several successors of {newest}: {taken}")
        if taken and sum(not each.duplicate for each in taken) != 1:
            wrong.append(f"not exactly one was first: {taken}")
        return told, wrong

    async def _retry(self, message_id: str) -> Told:
        self._retries += 1
        name = f"{self._name}-{self._retries}"
        door, wait_s = self._chance.choice(DOORS), self._chance.choice(APART_S)
        await asyncio.sleep(wait_s)
        return await self._racing.retry(door, self._session, message_id, name)

    async def _stop(self, message_id: str) -> str:
        door, wait_s = self._chance.choice(STOPS), self._chance.choice(APART_S)
        await asyncio.sleep(wait_s)
        return await self._racing.stop(door, self._session, message_id)

    async def _shown(self, message_id: str, name: str) -> Shown:
        """How both tabs show it once it has ended."""
        both = [await tab.shown(message_id, name, self._text) for tab in self._racing.tabs]
        assert both[0] == both[1], f"one tab shows {both[0]}, the other {both[1]}"
        return both[0]

    async def _linear(self, chain: Sequence[str]) -> list[str]:
        """REST lists just these attempts, each the direct successor of the one before."""
        path = f"/api/chat/sessions/{self._session}/messages"
        page = await self._racing.rest.get(path, params={"include": "superseded"})
        answers: list[dict[str, Any]] = [
            each for each in page.raise_for_status().json()["messages"] if each["role"] == "assistant"
        ]
        wrong = []
        if [each["id"] for each in answers] != list(chain):
            wrong.append(f"attempts {[each['id'] for each in answers]}, told were {chain}")
        wrong += [
            f"{later['id']} retries {later['retry_of']}, and comes after {earlier['id']}"
            for earlier, later in pairwise(answers)
            if later["retry_of"] != earlier["id"]
        ]
        shown = []
        for each in answers:
            one = await self._shown(each["id"], each["client_message_id"] or self._name)
            shown.append(
                Shown(
                    one.session_id,
                    one.message_id,
                    one.client_message_id,
                    one.question,
                    one.text,
                    one.status,
                    asked_as=self._name,
                )
            )
        for one in shown:
            self._judged.add(one)
        wrong += [
            f"{tab.ends(each)} ends of {each} were told"
            for tab in self._racing.tabs
            for each in chain
            if tab.ends(each) != 1
        ]
        return [*wrong, *await over_rest(self._racing.rest, shown)]
