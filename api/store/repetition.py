"""`(user, client_message_id)` names one acceptance for ever: noting it, and finding it again."""

from hashlib import sha256

from sqlalchemy import Connection, bindparam, select

from api.core.errors import ChatError, Code
from api.core.lifecycle import Status
from api.core.records import Position
from api.database.prepared import Prepared, inserting
from api.database.tables import messages, sends, sessions
from api.service.requests import Accepted, AnswerRequest, SendRequest
from api.store.rows import to_message
from api.store.spent import is_spent

_DELETED = "The session of this message has been deleted. Ask anew in another one."


def record(connection: Connection, request: AnswerRequest, accepted: Accepted) -> None:
    """From now on the request's id names this acceptance."""
    kind, digest = _subject(request)
    _RECORD.do(
        connection,
        user_id=request.user_id,
        client_message_id=request.client_message_id,
        kind=kind,
        digest=digest,
        session_id=accepted.session_id,
        chain=accepted.chain,
        user_message_id=accepted.user_message_id,
        pending_message_id=accepted.pending_message_id,
    )


def recorded(connection: Connection, request: AnswerRequest, epoch: str) -> Accepted | None:
    """What the request's id names. Raises if the request differs from it or its session was deleted."""
    row = _RECORDED.first(connection, user=request.user_id, key=request.client_message_id)
    if row is None:
        if is_spent(connection, request.user_id, request.client_message_id):
            raise ChatError(Code.NOT_FOUND, _DELETED)
        return None
    same = (
        (row.kind, row.digest) == _subject(request)
        and request.session_id in {None, row.session_id}
        and (not isinstance(request, SendRequest) or request.chain in {None, row.chain})
    )
    if not same:
        raise ChatError(Code.IDEMPOTENCY_CONFLICT)
    accepted = as_accepted(connection, row.pending_message_id, request.client_message_id, epoch)
    if accepted is None:
        raise ChatError(Code.NOT_FOUND, _DELETED)
    return accepted


def as_accepted(
    connection: Connection, answer_id: str, client_message_id: str, epoch: str
) -> Accepted | None:
    """The acceptance that an answer came from, as it stands now; None if its session is gone."""
    answer = messages.alias("answer")
    statement = (
        select(
            messages,
            answer.c.status.label("answer_status"),
            answer.c.created_seq.label("answer_seq"),
            sessions.c.chain,
        )
        .join_from(answer, messages, messages.c.id == answer.c.reply_to)
        .join(sessions, sessions.c.id == answer.c.session_id)
        .where(answer.c.id == answer_id, sessions.c.deleted_at.is_(None))
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return Accepted(
        client_message_id=client_message_id,
        chain=row.chain,
        question=to_message(row),
        pending_message_id=answer_id,
        status=Status(row.answer_status),
        before=Position(epoch, row.answer_seq - 1),
        duplicate=True,
    )


def _subject(request: AnswerRequest) -> tuple[str, str]:
    """The kind of a request and a hash of what it is about; under one id neither may change."""
    if isinstance(request, SendRequest):
        return "send", sha256(request.content.encode()).hexdigest()
    return "retry", sha256(request.message_id.encode()).hexdigest()


_RECORD = Prepared(inserting(sends))
_RECORDED = Prepared(
    select(sends).where(sends.c.user_id == bindparam("user"), sends.c.client_message_id == bindparam("key"))
)
