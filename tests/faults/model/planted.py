"""Five bugs, each a likely one. Whoever searches with the machine must find every one of them."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import Connection

from api import parts as wiring
from api.core.events import Piece
from api.database.prepared import Row
from api.log import log as log_module
from api.log.rows import after
from api.service.follow import Follower, Turn
from api.service.ports import Page
from api.store.acceptance import Acceptance
from api.store.store import SqlStore
from loadtests.protocol.core import Core
from loadtests.protocol.effects import Effect
from loadtests.protocol.frames import Frame
from tests.faults.model.database import HeldWriter


@dataclass(frozen=True)
class Bug:
    """Something wrong in the server, for as long as `plant` is entered, or in the client (`core`).

    `told` is a pattern for how it is told of: a history that goes wrong in another way has not found it.
    """

    plant: Callable[[], AbstractContextManager[object]] = nullcontext
    core: type[Core] = Core
    writer: type[HeldWriter] = HeldWriter
    told: str = ""


class AckingFirst(HeldWriter):
    """Tells of an acceptance just before its commit is durable: a kill before the next one takes it back.

    To all that live it is committed, so nothing but such a kill can show it.
    """

    _durable: dict[Path, bytes] | None = None

    def commit(self, count: int | None = None) -> None:
        self._durable = None
        batch = self.waiting if count is None else self.waiting[:count]
        if batch and all(isinstance(job.unit, Acceptance) for job in batch):
            self._durable = {file: file.read_bytes() for file in self._files() if file.exists()}
        super().commit(count)

    def die(self) -> None:
        super().die()
        if self._durable is not None:
            for file in self._files():
                file.unlink(missing_ok=True)
            for file, content in self._durable.items():
                file.write_bytes(content)

    def _files(self) -> list[Path]:
        """The database and its log; SQLite makes the log's index anew from it."""
        return [Path(f"{self._engine.url.database}{suffix}") for suffix in ("", "-wal", "-shm")]


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
        if self._nudged:
            self._nudged = False
            return None
        await self._wait()


def one_too_far(
    connection: Connection, session_id: str, seq: int, limit: int, waiting: Sequence[Piece]
) -> Generator[Row]:
    """Whoever comes back in the middle of an answer misses its next piece; all others get everything."""
    within = False
    for row in after(connection, session_id, seq - 1, limit + 1, waiting):
        if row.seq > seq and not (within and row.seq == seq + 1 and row.kind == "piece"):
            yield row
        within = within or (row.seq, row.kind) == (seq, "piece")


class PositionLast(SqlStore):
    """A page whose position is read after its rows."""

    async def page(
        self, user_id: str, session_id: str, limit: int, before: str | None, *, superseded: bool = False
    ) -> Page:
        page = await super().page(user_id, session_id, limit, before, superseded=superseded)
        later = await super().page(user_id, session_id, 1, None)
        return replace(page, position=later.position)


class FromTheEnd(Core):
    """Takes its cursor from where the log ends."""

    def hear(self, frame: Frame) -> list[Effect]:
        return super().hear(frame | {"seq": frame["end"]} if frame["type"] == "subscribed" else frame)


BUGS: dict[str, Bug] = {
    "ack before commit": Bug(writer=AckingFirst, told=r"was sent, kept 0"),
    "read before clear": Bug(lambda: patch.object(Follower, "turn", clearing_last)),
    "replay off by one": Bug(
        lambda: patch.object(log_module, "after", one_too_far),
        told="positions leave something out",
    ),
    "page position read after its rows": Bug(lambda: patch.object(wiring, "SqlStore", PositionLast)),
    "cursor taken from the log's end": Bug(core=FromTheEnd),
}
