"""Further attempts at an answer. Only a session's newest answer can be tried again, and only once."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from api.core.errors import ChatError, Code
from api.core.lifecycle import Role
from api.database.locks import hold_session_of
from api.database.tables import messages, sessions
from api.service.requests import Accepted, RetryRequest
from api.store.acceptance import Acceptance
from api.store.messages import owned_message
from api.store.repetition import as_accepted, record, recorded
from api.store.rows import to_message
from api.store.running import running_in
from api.store.turn import Turn


def target(connection: Connection, request: RetryRequest) -> Row[Any]:
    """The answer that is to be tried again, with its session's chain and newest index."""
    found = owned_message(request.user_id, request.message_id, request.session_id)
    row = connection.execute(found.add_columns(sessions.c.chain, sessions.c.last_index)).one_or_none()
    ids = {"message_id": request.message_id}
    if row is None:
        raise ChatError(Code.NOT_FOUND, ids=ids)
    if row.role != Role.ASSISTANT:
        raise ChatError(
            Code.INVALID, "Only an answer can be tried again, and this message is a question.", ids=ids
        )
    return row


def successor(connection: Connection, request: RetryRequest, epoch: str) -> Accepted | None:
    """The attempt that came directly after the one that is to be tried again."""
    row = target(connection, request)
    after = select(messages.c.id).where(messages.c.retry_of == row.id)
    found = connection.execute(after).scalar_one_or_none()
    return None if found is None else as_accepted(connection, found, request.client_message_id, epoch)


def bound(connection: Connection, request: RetryRequest, epoch: str) -> Accepted | None:
    """What the request's id names; if nothing yet, the direct successor, which it names from now on."""
    known = recorded(connection, request, epoch)
    if known is not None:
        return known
    known = successor(connection, request, epoch)
    if known is not None:
        record(connection, request, known)
    return known


@dataclass(frozen=True)
class Retrying(Acceptance):
    """A new attempt at the newest answer of a session, in place of the one that it retries."""

    request: RetryRequest

    def _known(self, connection: Connection) -> Accepted | None:
        return bound(connection, self.request, self.terms.epoch)

    def _turn(self, connection: Connection) -> Turn:
        hold_session_of(connection, self.request.message_id)
        row = target(connection, self.request)
        self._refuse_busy(row.session_id, running_in(connection, row.session_id))
        if row.number != row.last_index:
            raise ChatError(Code.NOT_LATEST, ids={"session_id": row.session_id, "message_id": row.id})
        self._refuse_unserved(row.chain)
        self._refuse_too_many(connection)
        asked = select(messages).where(messages.c.id == row.reply_to)
        question = to_message(connection.execute(asked).one())
        answer = replace(
            self._answer(question, row.number + 1),
            retry_of=row.id,
            client_message_id=self.request.client_message_id,
        )
        return Turn(row.chain, question, answer)
