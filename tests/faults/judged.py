"""What many trials showed, judged some hundreds at a time; the name of each message tells its trial."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

from loadtests.client import Answer
from tests.faults.footprint import at_rest, left_behind
from tests.faults.oracle import ENDS, Oracle, Shown
from tests.faults.proofs import Trial
from tests.faults.racing import Users
from tests.faults.server import Server
from tests.faults.tab import PATIENCE_S

JUDGED_AT_ONCE = 200


class Judged:
    """Looks at what was shown, many trials at a time; `statuses` are the ends that may be."""

    def __init__(self, trial: Trial, server: Server, statuses: Collection[str] = ENDS) -> None:
        self._trial = trial
        self._statuses = statuses
        self._oracle = Oracle(server.database, server.record)
        self._shown: list[Shown] = []

    async def committed(self, name: str) -> None:
        """Waits until the database holds its acceptance: only then is its ack on the way."""
        async with asyncio.timeout(PATIENCE_S):
            while self._oracle.accepted(name) is None:  # noqa: ASYNC110 - nothing tells of another's commit
                await asyncio.sleep(0.0005)

    def add(self, shown: Shown) -> None:
        self._shown.append(shown)
        if len(self._shown) >= JUDGED_AT_ONCE:
            self.now()

    def answer(self, answer: Answer, question: str) -> None:
        """What a verifying client shows."""
        name = answer.client_message_id
        self.add(Shown(answer.session_id, answer.id, name, question, answer.text, answer.status))

    def now(self) -> None:
        by_trial = {each.client_message_id: int(each.client_message_id.split("-")[1]) for each in self._shown}
        for name, number in by_trial.items():
            of_trial = [each for each in self._shown if each.client_message_id == name]
            self._trial.fail(number, self._oracle.judge(of_trial, statuses=self._statuses))
        self._shown.clear()

    def at_last(self) -> None:
        self.now()
        self._trial.fail(self._trial.size - 1, self._oracle.leftovers())


@asynccontextmanager
async def judged_server(
    trial: Trial, statuses: Collection[str] = ENDS
) -> AsyncIterator[tuple[Server, Judged]]:
    """A server that lives through all trials; when everybody has left, nothing of them may be left behind."""
    async with Server(trial.launcher, trial.folder) as server:
        await server.start()
        before = await at_rest(server)
        judge = Judged(trial, server, statuses)
        yield server, judge
        trial.fail(trial.size - 1, await left_behind(server, before))  # waits until nothing runs any more
        judge.at_last()


@asynccontextmanager
async def world(
    trial: Trial, statuses: Collection[str] = ENDS
) -> AsyncIterator[tuple[Server, Users, Judged]]:
    """The same, with its users."""
    async with judged_server(trial, statuses) as (server, judge), AsyncExitStack() as stack:
        users = Users(server)
        await users.fill(stack)
        yield server, users, judge
