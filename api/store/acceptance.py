"""Accepting a message: the user's turn, its pending answer and both events, in one transaction."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from api.core.errors import ChatError, Code
from api.core.events import Created
from api.core.lifecycle import Role, Status
from api.core.records import Message, Position
from api.database.tables import IS_RUNNING, messages, sends, sessions
from api.database.times import to_micros
from api.database.writer import Transaction
from api.log.rows import add_created, next_seq
from api.service.ports import Accepted, NewId, SendRequest
from api.store.rows import preview
from api.store.sessions import insert_session, owned

KIND = "send"
BUSY_RETRY_MS = 1000


@dataclass(frozen=True)
class Acceptance:
    """One request on its way into the store. Everything is checked before anything is changed."""

    request: SendRequest
    fence: str
    generations: int
    now: datetime
    epoch: str
    new_id: NewId
    served: Container[str]
    default_chain: str

    def __call__(self, transaction: Transaction) -> Accepted:
        connection = transaction.connection
        known = connection.execute(repetition_of(self.request)).one_or_none()
        if known is not None:
            return as_repetition(self.request, known, self.epoch)
        session = self._session(connection)
        chain = self._chain(session)
        self._refuse_too_many(connection)
        session_id = self.new_id() if session is None else str(session.id)
        if session is None:
            title = preview(self.request.content, 60)
            insert_session(connection, self.request.user_id, session_id, title, chain, self.now)
        return self._add(transaction, session_id, chain, 0 if session is None else session.last_index)

    def _session(self, connection: Connection) -> Row[Any] | None:
        if self.request.session_id is None:
            return None
        row = connection.execute(owned(self.request.user_id, self.request.session_id)).one_or_none()
        if row is None:
            raise ChatError(Code.NOT_FOUND, ids={"session_id": self.request.session_id})
        running = select(messages.c.id).where(messages.c.session_id == row.id, IS_RUNNING)
        busy = connection.execute(running).scalar_one_or_none()
        if busy is not None:
            ids = {"session_id": row.id, "message_id": busy}
            raise ChatError(Code.SESSION_BUSY, retry_after_ms=BUSY_RETRY_MS, ids=ids)
        return row

    def _chain(self, session: Row[Any] | None) -> str:
        wanted = self.request.chain
        if session is not None and wanted is not None and wanted != session.chain:
            raise ChatError(
                Code.INVALID,
                f"This session is answered by the chain {session.chain!r}. "
                "Start a new session to use another one.",
                ids={"session_id": session.id},
            )
        chain = wanted or (self.default_chain if session is None else str(session.chain))
        if chain not in self.served:
            raise ChatError(Code.UNKNOWN_CHAIN)
        return chain

    def _refuse_too_many(self, connection: Connection) -> None:
        if not self.generations:
            return
        # From the few that run to whose they are: a long history costs nothing here.
        busy = select(messages.c.session_id).where(IS_RUNNING)
        running = (
            select(func.count())
            .select_from(sessions)
            .where(sessions.c.id.in_(busy), sessions.c.user_id == self.request.user_id)
        )
        if connection.execute(running).scalar_one() >= self.generations:
            raise ChatError(
                Code.RATE_LIMITED,
                f"{self.generations} answers are already being written for you. Wait until one has ended.",
                retry_after_ms=BUSY_RETRY_MS,
            )

    def _add(self, transaction: Transaction, session_id: str, chain: str, last_index: int) -> Accepted:
        connection = transaction.connection
        seq = next_seq(connection, session_id, 2)
        question = self._question(session_id, last_index + 1)
        answer = self._answer(question)
        for offset, message in enumerate((question, answer)):
            fence = self.fence if message is answer else None
            connection.execute(insert(messages), _row(message, seq + offset, fence))
            add_created(transaction, Created(session_id, seq + offset, message))
        self._count(connection, question)
        accepted = Accepted(
            client_message_id=self.request.client_message_id,
            session_id=session_id,
            chain=chain,
            index=question.index,
            user_message_id=question.id,
            pending_message_id=answer.id,
            status=answer.status,
            before=Position(self.epoch, seq),
            duplicate=False,
        )
        connection.execute(insert(sends), _send_row(self.request, accepted))
        return accepted

    def _question(self, session_id: str, index: int) -> Message:
        return Message(
            id=self.new_id(),
            session_id=session_id,
            index=index,
            role=Role.USER,
            content=self.request.content,
            status=Status.COMPLETE,
            created_at=self.now,
            client_message_id=self.request.client_message_id,
            completed_at=self.now,
        )

    def _answer(self, question: Message) -> Message:
        return Message(
            id=self.new_id(),
            session_id=question.session_id,
            index=question.index + 1,
            role=Role.ASSISTANT,
            content="",
            status=Status.PENDING,
            created_at=self.now,
            reply_to=question.id,
        )

    def _count(self, connection: Connection, question: Message) -> None:
        connection.execute(
            update(sessions)
            .where(sessions.c.id == question.session_id)
            .values(
                revision=sessions.c.revision + 1,
                updated_at=to_micros(self.now),
                message_count=sessions.c.message_count + 2,
                last_index=question.index + 1,
                last_message_preview=preview(question.content),
            )
        )


def repetition_of(request: SendRequest) -> Select[Any]:
    """The acceptance that already used the request's id, with how its answer stands now."""
    return (
        select(
            sends,
            messages.c.status,
            messages.c.number,
            messages.c.created_seq,
            sessions.c.deleted_at,
        )
        .outerjoin(messages, messages.c.id == sends.c.pending_message_id)
        .outerjoin(sessions, sessions.c.id == sends.c.session_id)
        .where(
            sends.c.user_id == request.user_id,
            sends.c.client_message_id == request.client_message_id,
        )
    )


def as_repetition(request: SendRequest, row: Row[Any], epoch: str) -> Accepted:
    """What was accepted then. Raises if the request differs from it or its session was deleted."""
    same = (
        row.kind == KIND
        and row.digest == _digest(request.content)
        and request.session_id in {None, row.session_id}
        and request.chain in {None, row.chain}
    )
    if not same:
        raise ChatError(Code.IDEMPOTENCY_CONFLICT)
    if row.status is None or row.deleted_at is not None:
        raise ChatError(
            Code.NOT_FOUND, "The session of this message has been deleted. Send it again as a new one."
        )
    return Accepted(
        client_message_id=row.client_message_id,
        session_id=row.session_id,
        chain=row.chain,
        index=row.number - 1,
        user_message_id=row.user_message_id,
        pending_message_id=row.pending_message_id,
        status=Status(row.status),
        before=Position(epoch, row.created_seq - 1),
        duplicate=True,
    )


def _digest(content: str) -> str:
    return sha256(content.encode()).hexdigest()


def _row(message: Message, seq: int, fence: str | None) -> dict[str, Any]:
    return {
        "id": message.id,
        "session_id": message.session_id,
        "number": message.index,
        "role": message.role,
        "status": message.status,
        "content": message.content,
        "client_message_id": message.client_message_id,
        "reply_to": message.reply_to,
        "created_at": to_micros(message.created_at),
        "completed_at": None if message.completed_at is None else to_micros(message.completed_at),
        "created_seq": seq,
        "fence": fence,
    }


def _send_row(request: SendRequest, accepted: Accepted) -> dict[str, Any]:
    return {
        "user_id": request.user_id,
        "client_message_id": request.client_message_id,
        "kind": KIND,
        "digest": _digest(request.content),
        "session_id": accepted.session_id,
        "chain": accepted.chain,
        "user_message_id": accepted.user_message_id,
        "pending_message_id": accepted.pending_message_id,
    }
