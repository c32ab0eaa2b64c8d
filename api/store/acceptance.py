"""Accepting a request for an answer: the messages that it makes and their events, in one transaction."""

from abc import ABC, abstractmethod
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from api.core.errors import ChatError, Code
from api.core.history import HistoryLimits
from api.core.lifecycle import Role, Status
from api.core.records import Message, Position
from api.database.locks import hold_session
from api.database.prepared import Row
from api.database.times import to_micros
from api.database.writer import Transaction
from api.service.ports import NewId
from api.service.requests import Accepted, AnswerRequest, SendRequest
from api.store.messages import read_history
from api.store.repetition import record, recorded
from api.store.rows import preview, to_session
from api.store.running import accepted_since, running_of
from api.store.sessions import find_to_send, insert_session, require
from api.store.turn import Turn, add_turn

BUSY_RETRY_MS = 1000
MINUTE = 60_000_000  # in micros


@dataclass(frozen=True, slots=True)
class Terms:
    """What an acceptance is made with, besides the request."""

    fence: str
    owner: str
    generations: int
    per_minute: int
    """Messages that a user may send in a minute to all servers together; 0 where there is no other."""
    now: datetime
    epoch: str
    new_id: NewId
    history: HistoryLimits
    served: Container[str]
    default_chain: str


@dataclass(frozen=True)
class Acceptance(ABC):
    """One request on its way into the store. Everything is checked before anything is changed.

    Its user is held.
    """

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

    def _refuse_busy(self, session_id: str, answer_id: str | None) -> None:
        """`answer_id`: the answer that is being written there."""
        if answer_id is not None:
            ids = {"session_id": session_id, "message_id": answer_id}
            raise ChatError(Code.SESSION_BUSY, retry_after_ms=BUSY_RETRY_MS, ids=ids)

    def _refuse_unserved(self, chain: str) -> None:
        if chain not in self.terms.served:
            raise ChatError(Code.UNKNOWN_CHAIN)

    def _refuse_too_many(self, connection: Connection) -> None:
        self._refuse_too_often(connection)
        most = self.terms.generations
        if most and running_of(connection, self.request.user_id) >= most:
            raise ChatError(
                Code.RATE_LIMITED,
                f"{most} answers are already being written for you. Wait until one has ended.",
                retry_after_ms=BUSY_RETRY_MS,
            )

    def _refuse_too_often(self, connection: Connection) -> None:
        most = self.terms.per_minute
        if not most:
            return
        now = to_micros(self.terms.now)
        sent = accepted_since(connection, self.request.user_id, now - MINUTE, most)
        if len(sent) >= most:
            raise ChatError(Code.RATE_LIMITED, retry_after_ms=max(1, (min(sent) + MINUTE - now) // 1000))

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
        question = turn.question
        past = read_history(transaction.connection, question.session_id, question.index, self.terms.history)
        claim = {"fence": self.terms.fence, "owner": self.terms.owner}
        session = add_turn(transaction, turn, claim)
        accepted = Accepted(
            client_message_id=self.request.client_message_id,
            chain=turn.chain,
            question=question,
            pending_message_id=turn.answer.id,
            status=turn.answer.status,
            before=Position(self.terms.epoch, session.seq - 1),
            duplicate=False,
            session=to_session(session),
            past=past,
        )
        record(transaction.connection, self.request, accepted)
        return accepted


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

    def _session(self, connection: Connection) -> Row | None:
        session_id = self.request.session_id
        if session_id is None:
            return None
        hold_session(connection, session_id)
        row = require(find_to_send(connection, self.request.user_id, session_id), session_id)
        self._refuse_busy(session_id, row.busy)
        return row

    def _chain(self, session: Row | None) -> str:
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

    def _question(self, connection: Connection, session: Row | None, chain: str) -> Message:
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
