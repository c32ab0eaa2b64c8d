"""The message history in the SQL database."""

from collections.abc import Callable, Container, Sequence
from datetime import datetime
from functools import partial

from api.core.history import HistoryLimits
from api.core.leases import Lease, Leases
from api.core.records import Message, Session
from api.database.readers import Readers
from api.database.scrub import scrub
from api.database.writer import Transaction, Writer
from api.service.ports import Clock, Ending, NewId, Page
from api.service.requests import Accepted, AnswerRequest, Outcome, SendRequest
from api.store import leases as lease_rows
from api.store import sessions as session_rows
from api.store.acceptance import Sending, Terms
from api.store.attempts import Retrying, bound, successor
from api.store.ending import Finish
from api.store.messages import read_message, read_page
from api.store.purge import purge
from api.store.repetition import recorded
from api.store.rows import to_session


class SqlStore:
    """Implements `api.service.ports.Store`: reads from the pool, changes by the group-commit writer."""

    def __init__(
        self,
        readers: Readers,
        writer: Writer,
        *,
        epoch: Callable[[], str],
        clock: Clock,
        new_id: NewId,
        owner: str,
        history: HistoryLimits,
        served: Container[str],
        default_chain: str,
        per_minute: int = 0,
    ) -> None:
        """`per_minute`: messages that a user may send to all servers together; 0 if this is the only one."""
        self._readers = readers
        self._writer = writer
        self._epoch = epoch
        self._clock = clock
        self._new_id = new_id
        self._owner = owner
        self._history = history
        self._served = served
        self._default_chain = default_chain
        self._per_minute = per_minute

    async def accept(self, request: AnswerRequest, *, fence: str, generations: int) -> Accepted:
        terms = Terms(
            fence=fence,
            owner=self._owner,
            generations=generations,
            per_minute=self._per_minute,
            now=self._clock(),
            epoch=self._epoch(),
            new_id=self._new_id,
            history=self._history,
            served=self._served,
            default_chain=self._default_chain,
        )
        unit = Sending(request, terms) if isinstance(request, SendRequest) else Retrying(request, terms)
        return await self._writer.submit(unit, durable=True, user=request.user_id)

    async def repetition(self, request: AnswerRequest) -> Accepted | None:
        known = await self._readers.read(partial(recorded, request=request, epoch=self._epoch()))
        if known is not None or isinstance(request, SendRequest):
            return known
        if await self._readers.read(partial(successor, request=request, epoch=self._epoch())) is None:
            return None
        return await self._writer.submit(
            lambda transaction: bound(transaction.connection, request, self._epoch()),
            durable=True,
            user=request.user_id,
        )

    async def finish(self, ending: Ending) -> Outcome:
        return await self._writer.submit(Finish(ending, self._clock()), durable=True)

    async def beat(self, owner: str, number: int) -> None:
        await self._writer.submit(partial(lease_rows.beat, owner=owner, number=number), durable=False)

    async def leases(self) -> Leases:
        return await self._readers.read(lease_rows.read_leases)

    async def lease(self, session_id: str) -> Lease | None:
        return await self._readers.read(partial(lease_rows.read_lease, session_id=session_id))

    async def forget(self, owner: str, beat: int) -> None:
        await self._writer.submit(partial(lease_rows.forget, owner=owner, beat=beat), durable=False)

    async def create_session(self, user_id: str, title: str, chain: str) -> Session:
        session_id, now = self._new_id(), self._clock()

        def unit(transaction: Transaction) -> None:
            session_rows.insert_session(transaction.connection, user_id, session_id, title, chain, now)

        await self._writer.submit(unit, durable=True, user=user_id)
        return await self.session(user_id, session_id)

    async def session(self, user_id: str, session_id: str) -> Session:
        return await self._readers.read(
            partial(session_rows.read_session, user_id=user_id, session_id=session_id)
        )

    async def sessions(
        self, user_id: str, limit: int, *, offset: int = 0, before: tuple[datetime, str] | None = None
    ) -> Sequence[Session]:
        listed = session_rows.listed(user_id, limit, offset, before)
        rows = await self._readers.read(lambda connection: connection.execute(listed).all())
        return [to_session(row) for row in rows]

    async def rename(self, user_id: str, session_id: str, title: str) -> Session:
        return await self._writer.submit(
            lambda transaction: session_rows.rename(transaction, user_id, session_id, title), durable=True
        )

    async def delete(self, user_id: str, session_id: str) -> str | None:
        now = self._clock()
        return await self._writer.submit(
            lambda transaction: session_rows.remove(transaction, user_id, session_id, now), durable=True
        )

    async def page(
        self, user_id: str, session_id: str, limit: int, before: str | None, *, superseded: bool = False
    ) -> Page:
        unit = partial(
            read_page,
            user_id=user_id,
            session_id=session_id,
            limit=limit,
            before=before,
            epoch=self._epoch(),
            superseded=superseded,
            waiting=self._writer.journal.of_session(session_id),
        )
        return await self._readers.read(unit)

    async def message(self, user_id: str, message_id: str, session_id: str | None = None) -> Message:
        waiting = self._writer.journal.of_answer(message_id)
        return await self._readers.read(
            lambda connection: read_message(connection, user_id, message_id, session_id, waiting)
        )

    async def purge(self, deleted_before: datetime) -> bool:
        return await self._writer.submit(
            lambda transaction: purge(transaction, deleted_before), durable=False
        )

    async def scrub(self) -> bool:
        return await self._writer.aside(lambda transaction: scrub(transaction.connection))
