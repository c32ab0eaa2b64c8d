"""Accepting a request for an answer: the messages that it makes and their events, in one transaction."""

from abc import ABC, abstractmethod
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from api.core.errors import ChatError, Code
from api.core.events import Created
from api.core.lifecycle import Role, Status
from api.core.records import Message, Position
from api.database.tables import IS_RUNNING, messages, sessions
from api.database.times import to_micros
from api.database.writer import Transaction
from api.log.rows import add_created, next_seq
from api.service.ports import NewId
from api.service.requests import Accepted, AnswerRequest, SendRequest
from api.store.repetition import record, recorded
from api.store.rows import preview, to_session
from api.store.search import add_words
from api.store.sessions import insert_session, owned, require

BUSY_RETRY_MS = 1000


@dataclass(frozen=True, slots=True)
class Terms:
    """What an acceptance is made with, besides the request."""

    fence: str
    owner: str
    generations: int
    now: datetime
    epoch: str
    new_id: NewId
    served: Container[str]
    default_chain: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to come into being: an answer, and before it the question unless it was there already."""

    chain: str
    question: Message
    answer: Message

    @property
    def born(self) -> tuple[Message, ...]:
        return (self.answer,) if self.answer.retry_of else (self.question, self.answer)


@dataclass(frozen=True)
class Acceptance(ABC):
    """One request on its way into the store. Everything is checked before anything is changed."""

    request: AnswerRequest
    terms: Terms

    def __call__(self, transaction: Transaction) -> Accepted:
        known = self._known(transaction.connection)
        return self._add(transaction, self._turn(transaction.connection)) if known is None else known

    def _known(self, connection: Connection) -> Accepted | None:
        """What was accepted of this request before."""
        return recorded(connection, self.request, self.terms.epoch)

    @abstractmethod
    def _turn(self, connection: Connection) -> Turn:
        """Checks the request and makes what it asks for. Raises ChatError, and then nothing was changed."""

    def _refuse_busy(self, connection: Connection, session_id: str) -> None:
        running = select(messages.c.id).where(messages.c.session_id == session_id, IS_RUNNING)
        busy = connection.execute(running).scalar_one_or_none()
        if busy is not None:
            ids = {"session_id": session_id, "message_id": busy}
            raise ChatError(Code.SESSION_BUSY, retry_after_ms=BUSY_RETRY_MS, ids=ids)

    def _refuse_unserved(self, chain: str) -> None:
        if chain not in self.terms.served:
            raise ChatError(Code.UNKNOWN_CHAIN)

    def _refuse_too_many(self, connection: Connection) -> None:
        most = self.terms.generations
        if not most:
            return
        # From the few that run to whose they are: a long history costs nothing here.
        busy = select(messages.c.session_id).where(IS_RUNNING)
        running = (
            select(func.count())
            .select_from(sessions)
            .where(sessions.c.id.in_(busy), sessions.c.user_id == self.request.user_id)
        )
        if connection.execute(running).scalar_one() >= most:
            raise ChatError(
                Code.RATE_LIMITED,
                f"{most} answers are already being written for you. Wait until one has ended.",
                retry_after_ms=BUSY_RETRY_MS,
            )

    def _answer(self, question: Message, index: int) -> Message:
        return Message(
            id=self.terms.new_id(),
            session_id=question.session_id,
            index=index,
            role=Role.ASSISTANT,
            content="",
            status=Status.PENDING,
            created_at=self.terms.now,
            reply_to=question.id,
        )

    def _add(self, transaction: Transaction, turn: Turn) -> Accepted:
        connection = transaction.connection
        session_id = turn.answer.session_id
        seq = next_seq(connection, session_id, len(turn.born))
        for message in turn.born:
            claim = {"fence": self.terms.fence, "owner": self.terms.owner} if message is turn.answer else {}
            connection.execute(insert(messages), _row(message, seq) | claim)
            add_created(transaction, Created(session_id, seq, message))
            seq += 1
        if turn.question in turn.born:
            add_words(connection, self.request.user_id, turn.question.id, turn.question.content)
        session = self._count(connection, turn)
        accepted = Accepted(
            client_message_id=self.request.client_message_id,
            chain=turn.chain,
            question=turn.question,
            pending_message_id=turn.answer.id,
            status=turn.answer.status,
            before=Position(self.terms.epoch, seq - 2),
            duplicate=False,
            session=to_session(session),
        )
        record(connection, self.request, accepted)
        return accepted

    def _count(self, connection: Connection, turn: Turn) -> Row[Any]:
        """What is counted is what is shown: a further attempt takes the place of the one before."""
        more = 0 if turn.answer.retry_of else len(turn.born)
        counted = (
            update(sessions)
            .where(sessions.c.id == turn.answer.session_id)
            .values(
                revision=sessions.c.revision + 1,
                updated_at=to_micros(self.terms.now),
                message_count=sessions.c.message_count + more,
                last_index=turn.answer.index,
                last_message_preview=preview(turn.question.content),
            )
            .returning(sessions)
        )
        return connection.execute(counted).one()


@dataclass(frozen=True)
class Sending(Acceptance):
    """A new message of the user's, in a session that may still have to be made."""

    request: SendRequest

    def _turn(self, connection: Connection) -> Turn:
        session = self._session(connection)
        chain = self._chain(session)
        self._refuse_too_many(connection)
        question = self._question(connection, session, chain)
        return Turn(chain, question, self._answer(question, question.index + 1))

    def _session(self, connection: Connection) -> Row[Any] | None:
        session_id = self.request.session_id
        if session_id is None:
            return None
        row = require(connection.execute(owned(self.request.user_id, session_id)).one_or_none(), session_id)
        self._refuse_busy(connection, session_id)
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
        chain = wanted or (self.terms.default_chain if session is None else str(session.chain))
        self._refuse_unserved(chain)
        return chain

    def _question(self, connection: Connection, session: Row[Any] | None, chain: str) -> Message:
        request, terms = self.request, self.terms
        session_id = terms.new_id() if session is None else str(session.id)
        if session is None:
            title = preview(request.content, 60)
            insert_session(connection, request.user_id, session_id, title, chain, terms.now)
        return Message(
            id=terms.new_id(),
            session_id=session_id,
            index=1 if session is None else session.last_index + 1,
            role=Role.USER,
            content=request.content,
            status=Status.COMPLETE,
            created_at=terms.now,
            client_message_id=request.client_message_id,
            completed_at=terms.now,
        )


def _row(message: Message, seq: int) -> dict[str, Any]:
    return {
        "id": message.id,
        "session_id": message.session_id,
        "number": message.index,
        "role": message.role,
        "status": message.status,
        "content": message.content,
        "client_message_id": message.client_message_id,
        "reply_to": message.reply_to,
        "retry_of": message.retry_of,
        "created_at": to_micros(message.created_at),
        "completed_at": None if message.completed_at is None else to_micros(message.completed_at),
        "created_seq": seq,
    }
