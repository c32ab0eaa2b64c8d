"""What is asked of the writer, on its way to the writer's thread."""

import asyncio
import time
from collections.abc import Callable

from api.database.jobs import Job

GATHER_S = (0.005, 0.015)
SHARE = 3
"""Jobs wait so many times as long as the last commit took to come back, but at least and at most so long."""


class Gathering:
    """Hands jobs over: an urgent one at once and alone, others after a moment, with all that came meanwhile.

    Pieces of answers come by the thousand. Alone, each would pay for a commit, and for waking the thread.
    What somebody waits for takes none of them along: its commit is so much shorter.
    """

    def __init__(self, hand_over: Callable[[list[Job]], None]) -> None:
        self._hand_over = hand_over
        self._jobs: list[Job] = []
        self._timer: asyncio.TimerHandle | None = None
        self._clock = time.monotonic
        self._took = 0.0

    def take(self, job: Job, loop: asyncio.AbstractEventLoop, *, urgent: bool) -> None:
        if urgent:
            self._put([job])
            return
        self._jobs.append(job)
        if self._timer is None:
            least, most = GATHER_S
            wait = min(max(self._took * SHARE, least), most)
            self._timer = loop.call_later(wait, self.end)

    def end(self) -> None:
        """Hands over what there is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._jobs:
            jobs, self._jobs = self._jobs, []
            self._put(jobs)

    def _put(self, jobs: list[Job]) -> None:
        now = self._clock()
        for job in jobs:
            job.handed = now
        self._hand_over(jobs)

    def came_back(self, jobs: list[Job]) -> None:
        """These are done; under load that takes longer, and more is gathered meanwhile."""
        if jobs:
            self._took = self._clock() - jobs[0].handed
