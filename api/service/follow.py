"""Following sessions, each from a cursor, for replay and live alike."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from api.core.errors import ChatError
from api.core.events import Event
from api.core.records import Position
from api.service.ports import Log, LogState, Reading, Undo


@dataclass(frozen=True, slots=True)
class Start:
    """Where a follower begins: exactly the events after `position` follow; `end` is the log's end now.

    `asked`: the client had named a position, whether or not it is this one (`recovered`).
    """

    session_id: str
    position: Position
    end: int
    recovered: bool
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a client would like to begin; without an epoch or a position it has none."""

    epoch: str | None = None
    after: int | None = None


NOWHERE = Asked()
RETRY_S = 0.5


def begin(session_id: str, state: LogState, asked: Asked = NOWHERE, before: Position | None = None) -> Start:
    """Decides where to begin.

    The client's position holds in the current epoch, up to the log's end, where nothing after it has been
    trimmed. Otherwise it is `before` (just before an answer that was asked for) if the log still holds it,
    else just before the running answer, else the log's end.
    """
    end = state.end.seq
    named = asked.after is not None
    if asked.epoch == state.end.epoch and asked.after is not None and state.trimmed <= asked.after <= end:
        return Start(session_id, Position(state.end.epoch, asked.after), end, recovered=True, asked=True)
    if before is not None and before.epoch == state.end.epoch and state.trimmed <= before.seq:
        return Start(session_id, before, max(end, before.seq), recovered=False, asked=named)
    seq = end if state.active_from is None else state.active_from
    return Start(session_id, Position(state.end.epoch, seq), end, recovered=False, asked=named)


class Follow:
    """One session, read from a cursor. What has been read but not taken is all that it holds."""

    def __init__(self, session_id: str, cursor: Position, undo: Undo) -> None:
        self.session_id = session_id
        self.cursor = cursor
        self.waiting: Sequence[Event] = ()
        self.more = False
        """Whether there may be more behind what waits."""
        self._undo = undo

    def took(self, count: int) -> None:
        """The first `count` events that were waiting have been passed on."""
        self.pass_by(self.waiting[:count])
        self.waiting = self.waiting[count:]

    def pass_by(self, events: Sequence[Event]) -> None:
        """These, which come next, have been passed on."""
        if events:
            self.cursor = Position(self.cursor.epoch, events[-1].seq)

    def close(self) -> None:
        self._undo()


class Turn(NamedTuple):
    """It is this follow's turn: its `waiting` events, or the news that its cursor is `lost` or it `gone`."""

    follow: Follow
    lost: bool = False
    gone: bool = False


class Attendance(Protocol):
    """Is told who comes and goes."""

    def came(self, start: Start) -> None: ...

    def left(self, session_id: str, cursor: Position) -> None: ...


AtOnce = Callable[[Sequence[Event]], int]
"""Passes events on within the step, if it can; tells how many of them it has, from the first on."""


def in_turn(_events: Sequence[Event]) -> int:
    """Nothing is passed on out of turn."""
    return 0


class Follower:
    """Follows several sessions in turn. Nothing is pushed to it: a commit marks a session, it then reads.

    While it waits for a turn, what is committed goes `at_once`, as nearly all tokens do: a turn costs more.
    """

    def __init__(self, log: Log, attendance: Attendance, at_once: AtOnce = in_turn) -> None:
        self._log = log
        self._attendance = attendance
        self._at_once = at_once
        self._follows: dict[str, Follow] = {}
        self._marked: deque[Follow] = deque()
        self._last: Follow | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._nudged = False
        self.parting = False

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._follows

    def __len__(self) -> int:
        return len(self._follows)

    def holds(self, follow: Follow) -> bool:
        """False once the session was left, or is followed anew from another place."""
        return self._follows.get(follow.session_id) is follow

    def follow(self, start: Start) -> Follow:
        """Follows a session from there, in place of an earlier follow of it."""
        self.leave(start.session_id)
        undo = self._log.watch(start.session_id, lambda: self._committed(follow))
        follow = Follow(start.session_id, start.position, undo)
        self._follows[start.session_id] = follow
        self._mark(follow)
        self._attendance.came(start)
        return follow

    def leave(self, session_id: str) -> None:
        follow = self._follows.pop(session_id, None)
        if follow is not None:
            follow.close()
            self._attendance.left(session_id, follow.cursor)

    def close(self) -> None:
        self._at_once = in_turn
        for session_id in list(self._follows):
            self.leave(session_id)

    def nudge(self) -> None:
        """Makes `turn` return soon, with None if there is nothing to read."""
        self._nudged = True
        self._wake()

    def part(self) -> None:
        """The server leaves: what is there now is still read, then `turn` has None for good."""
        self.parting = True
        self.nudge()

    def _committed(self, follow: Follow) -> None:
        """Something was added to a session's log. If a turn is waited for, all before it is passed on."""
        idle = self._waiting is not None and not self._waiting.done()
        if not (idle and self._passed_on(follow)):
            follow.more = True  # also behind what waits
            self._mark(follow)

    def _passed_on(self, follow: Follow) -> bool:
        """Whether all that is new has gone at once. What fails here fails in its turn, and there alone."""
        reading = self._log.recent(follow.session_id, follow.cursor)
        if reading is None or not reading.events:
            return False
        try:
            taken = self._at_once(reading.events)
        except Exception:  # noqa: BLE001 - as said
            return False
        follow.pass_by(reading.events[:taken])
        return taken == len(reading.events)

    def _mark(self, follow: Follow) -> None:
        if follow not in self._marked:
            self._marked.append(follow)
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def later(self, follow: Follow) -> None:
        """Gives a session its turn again after a while, although nothing was committed to it."""
        asyncio.get_running_loop().call_later(RETRY_S, self._mark, follow)

    async def turn(self) -> Turn | None:
        """The next session that has something, each in turn; None after a nudge.

        It waits only if nothing was marked up to that very moment: no commit is lost that lands in a read.
        """
        last, self._last = self._last, None
        if last is not None and (last.waiting or last.more):
            self._mark(last)  # its next turn comes after everybody else's
        while True:
            while self._marked:
                turn = await self._read(self._marked.popleft())
                if turn is not None:
                    return turn
            if self._nudged:
                self._nudged = self.parting
                return None
            await self._wait()

    async def _wait(self) -> None:
        """Until there is a mark or a nudge; a bare future, since each token comes by here."""
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting

    async def _read(self, follow: Follow) -> Turn | None:
        if not self.holds(follow):
            return None
        if not follow.waiting:
            reading = self._log.recent(follow.session_id, follow.cursor)
            follow.more = reading is None
            if reading is None:
                reading = await self._look_up(follow)
            if reading is None:
                return None
            if reading.lost or reading.gone:
                return Turn(follow, lost=reading.lost, gone=reading.gone)
            follow.waiting = reading.events
        if not follow.waiting:
            return None
        self._last = follow
        return Turn(follow)

    async def _look_up(self, follow: Follow) -> Reading | None:
        try:
            return await self._log.read(follow.session_id, follow.cursor)
        except ChatError:  # the database is away; so much the later is it read
            self.later(follow)
            return None
        except BaseException:
            self._mark(follow)  # a read that was broken off is still to be made
            raise
