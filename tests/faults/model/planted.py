"""Five bugs, each a likely one. Whoever searches with the machine must find every one of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest.mock import patch

from sqlalchemy import RootTransaction

from api import parts as wiring
from api.core.errors import ChatError
from api.database.snapshot import snapshot
from api.database.writer import T, Transaction, Unit
from api.log import log as log_module
from api.log.rows import after as events_after
from api.service.follow import Follower, Turn
from api.service.ports import Page
from api.store.store import SqlStore
from loadtests.protocol.core import Core
from loadtests.protocol.effects import Effect
from loadtests.protocol.frames import Frame
from tests.faults.model.database import HeldWriter


@dataclass(frozen=True)
class Bug:
    """Something wrong in the server, for as long as `plant` is entered, or in the client (`core`)."""

    plant: Callable[[], AbstractContextManager[object]] = nullcontext
    core: type[Core] = Core
    writer: type[HeldWriter] = HeldWriter


class AckingFirst(HeldWriter):
    """Tells of an acceptance while it is still to be committed."""

    _open: tuple[Transaction, RootTransaction] | None = None

    def submit(self, unit: Unit[T], *, durable: bool) -> Any:  # Any: a future of T
        if self.dead or not hasattr(unit, "request"):
            return super().submit(unit, durable=durable)
        future = super().submit(unit, durable=durable)
        job = self.waiting.pop()
        if self._open is None:
            connection = self._connected()
            self._open = Transaction(connection), connection.begin()
        try:
            job.result = unit(self._open[0])
        except ChatError as refusal:
            job.error = refusal
        self._resolve([job])
        return future

    def commit(self, count: int | None = None) -> None:
        if self._open is not None:
            (transaction, begun), self._open = self._open, None
            begun.commit()
            self._publish(transaction.events, transaction.gone)
        super().commit(count)


async def clearing_last(self: Follower) -> Turn | None:
    """Reads, and then forgets that there was something to read; also what came meanwhile."""
    while True:
        while self._marked:
            follow = self._marked[0]
            turn = await self._read(follow)
            self._marked.remove(follow)
            if turn is not None:
                self._mark(follow)
                return turn
        self._woken.clear()
        if self._nudged:
            self._nudged = False
            return None
        await self._woken.wait()


def one_too_far(real: Callable[..., Any], session_id: str, seq: int, limit: int) -> Any:
    return real(session_id, seq + 1, limit)


class PositionLast(SqlStore):
    """A page whose position is read after its rows."""

    async def page(
        self, user_id: str, session_id: str, limit: int, before: str | None, *, superseded: bool = False
    ) -> Page:
        page = await super().page(user_id, session_id, limit, before, superseded=superseded)
        async with snapshot(self._readers):
            later = await super().page(user_id, session_id, 1, None)
        return replace(page, position=later.position)


class FromTheEnd(Core):
    """Takes its cursor from where the log ends."""

    def hear(self, frame: Frame) -> list[Effect]:
        return super().hear(frame | {"seq": frame["end"]} if frame["type"] == "subscribed" else frame)


BUGS: dict[str, Bug] = {
    "ack before commit": Bug(writer=AckingFirst),
    "read before clear": Bug(lambda: patch.object(Follower, "turn", clearing_last)),
    "replay off by one": Bug(
        lambda: patch.object(log_module, "events_after", partial(one_too_far, events_after))
    ),
    "page position read after its rows": Bug(lambda: patch.object(wiring, "SqlStore", PositionLast)),
    "cursor taken from the log's end": Bug(core=FromTheEnd),
}
