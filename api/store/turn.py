"""A turn comes into being: its messages and their events, and what its session says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, bindparam, case, update

from api.core.events import Created
from api.core.records import Message
from api.database.prepared import Prepared, Row, Values, inserting
from api.database.tables import messages, sessions
from api.database.times import to_micros
from api.database.writer import Transaction
from api.log.hours import hour_of, open_hour
from api.log.rows import LOG_END, add_created
from api.store.indexing import index_later
from api.store.rows import preview


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to come into being: an answer, and before it the question unless it was there already."""

    chain: str
    question: Message
    answer: Message

    @property
    def born(self) -> tuple[Message, ...]:
        return (self.answer,) if self.answer.retry_of else (self.question, self.answer)


def add_turn(transaction: Transaction, turn: Turn, claim: Mapping[str, str]) -> Row:
    """`claim`: who may write the answer. Returns the session's row as that leaves it."""
    connection, born = transaction.connection, turn.born
    session = _entered(transaction, turn)
    first = session.seq - len(born) + 1
    created = [Created(session.id, first + place, message) for place, message in enumerate(born)]
    of = [claim if message is turn.answer else {} for message in born]
    _MESSAGE.do_each(connection, map(_row, created, of))
    open_hour(connection, session.hour)
    add_created(transaction, created, session.hour)
    if turn.question in born:
        index_later(connection, session.user_id, turn.question.id, turn.question.content)
    return session


def _entered(transaction: Transaction, turn: Turn) -> Row:
    """What is counted is what is shown: a further attempt takes the place of the one before."""
    return _ENTERED.first(
        transaction.connection,
        session=turn.answer.session_id,
        events=len(turn.born),
        more=0 if turn.answer.retry_of else len(turn.born),
        now=to_micros(turn.answer.created_at),
        last=turn.answer.index,
        preview=preview(turn.question.content),
        hour=hour_of(transaction.connection, turn.answer.created_at),
    )


def _row(event: Created, claim: Mapping[str, str]) -> Values:
    message = event.message
    completed = message.completed_at
    given: dict[str, Any] = {
        "id": message.id,
        "session_id": message.session_id,
        "number": message.index,
        "role": message.role.value,
        "status": message.status.value,
        "content": message.content,
        "client_message_id": message.client_message_id,
        "reply_to": message.reply_to,
        "retry_of": message.retry_of,
        "created_at": to_micros(message.created_at),
        "completed_at": None if completed is None else to_micros(completed),
        "created_seq": event.seq,
        "fence": claim.get("fence"),
        "owner": claim.get("owner"),
    }
    return _AT_BIRTH | given


_AT_BIRTH: Values = dict.fromkeys(messages.columns.keys())
_MESSAGE = Prepared(inserting(messages))
_hour = bindparam("hour", type_=Integer)
_ENTERED = Prepared(
    update(sessions)
    .where(sessions.c.id == bindparam("session"))
    .values(
        seq=LOG_END + bindparam("events", type_=Integer),
        revision=sessions.c.revision + 1,
        updated_at=bindparam("now"),
        message_count=sessions.c.message_count + bindparam("more"),
        last_index=bindparam("last"),
        last_message_preview=bindparam("preview"),
        hour=case((sessions.c.hour > _hour, sessions.c.hour), else_=_hour),
    )
    .returning(sessions)
)
