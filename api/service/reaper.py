"""Ending the answers that nobody writes any more, and showing that this process still writes its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from api.core.errors import ChatError, Code
from api.core.failures import places
from api.core.leases import BEAT_S, Lease, Leases, Watch
from api.core.lifecycle import Status
from api.core.notes import What
from api.service.generate import interrupted
from api.service.ports import Ending, Notes, Store
from api.service.runner import Runner

T = TypeVar("T")
AT_ONCE = 16
log = structlog.get_logger()


class Reaper:
    """One process's view of all owners. `owner` names this process; `clock` is monotonic, in seconds."""

    def __init__(
        self, *, store: Store, notes: Notes, runner: Runner, owner: str, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._notes = notes
        self._runner = runner
        self._owner = owner
        self._clock = clock
        self._watch = Watch()
        self._beat = 0
        self._suspects: frozenset[str] = frozenset()

    async def enter(self, *, alone: bool) -> int:
        """Before the process is ready. The only one on these data ends what its dead predecessors left.

        Returns how many answers that were.
        """
        if not alone:
            await self._raise_beat()
            return 0
        found = await self._store.leases()
        await self._end(found.running)
        for owner, beat in found.beats.items():
            await self._store.forget(owner, beat)
        await self._raise_beat()
        return len(found.running)

    async def forever(self, every_s: float = BEAT_S) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.once()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                log.warning("leases put off", error=type(error).__name__, at=places(error))

    async def once(self) -> None:
        """One round: raises the own beat, looks at the others', and ends what is lost.

        An own answer without a generation is ended when it is found so twice.
        """
        try:
            await self._raise_beat()
            here, begun = self._runner.running(), self._clock()
            found = await self._store.leases()
        except BaseException:
            self._watch.failed()
            raise
        self._watch.look(found, self._clock())
        self._leave_ended(here, found)
        await self._end([*self._orphans(found), *self._lost(found, begun)])
        for owner, beat in found.beats.items():
            if self._watch.lost(owner, beat, begun):
                await self._store.forget(owner, beat)

    async def check(self, session_id: str) -> bool:
        """Whether the answer that runs in this session was lost; then it is ended now."""
        begun = self._clock()
        lease = await self._store.lease(session_id)
        if lease is None or not self._is_lost(lease, begun):
            return False
        await self._end([lease])
        return True

    async def past_lost(self, accept: Callable[[], Awaitable[T]]) -> T:
        """What `accept` returns, tried again if what kept its session busy was lost."""
        try:
            return await accept()
        except ChatError as error:
            if error.code is not Code.SESSION_BUSY or not await self.check(error.ids["session_id"]):
                raise
        return await accept()

    async def _raise_beat(self) -> None:
        self._beat += 1
        await self._store.beat(self._owner, self._beat)

    def _leave_ended(self, here: frozenset[str], found: Leases) -> None:
        """What ran here before the look and has ended there is worked on in vain: somebody ended it."""
        for message_id in here - {lease.message_id for lease in found.running}:
            self._runner.abandon(message_id)

    def _orphans(self, found: Leases) -> Sequence[Lease]:
        mine = [lease for lease in found.running if lease.owner == self._owner]
        orphans = [lease for lease in mine if lease.message_id not in self._runner]
        again = [lease for lease in orphans if lease.message_id in self._suspects]
        self._suspects = frozenset(lease.message_id for lease in orphans)
        return again

    def _lost(self, found: Leases, begun: float) -> Sequence[Lease]:
        return [lease for lease in found.running if self._is_lost(lease, begun)]

    def _is_lost(self, lease: Lease, now: float) -> bool:
        """Never of an own one: each look finds another beat of this process."""
        return self._watch.lost(lease.owner, lease.beat, now)

    async def _end(self, leases: Sequence[Lease]) -> None:
        """Some together, so that they share a commit, and none is long.

        An owner that has shown itself since keeps its answers.
        """
        for start in range(0, len(leases), AT_ONCE):
            await asyncio.gather(*map(self._end_one, leases[start : start + AT_ONCE]))

    async def _end_one(self, lease: Lease) -> None:
        log.warning("answer left behind", message_id=lease.message_id, owner=lease.owner)
        ending = Ending(lease.message_id, Status.INTERRUPTED, error=interrupted(), lease=lease)
        ended = (await self._store.finish(ending)).ended
        if ended is not None:
            self._notes.note(What.ABANDONED, message_id=ended.message_id, at=ended.completed_at)
