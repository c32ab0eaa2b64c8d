"""What users think of answers."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from api.core.errors import ChatError, Code
from api.core.lifecycle import Role
from api.core.records import Verdict
from api.database.tables import feedback
from api.database.times import to_micros
from api.database.writer import Transaction
from api.store.messages import owned_message


def judge(
    transaction: Transaction,
    user_id: str,
    session_id: str,
    message_id: str,
    value: Verdict | None,
    comment: str | None,
    now: datetime,
) -> None:
    """Keeps a user's word on an answer in place of the one before; without a `value` none is left."""
    connection = transaction.connection
    message = connection.execute(owned_message(user_id, message_id, session_id)).one_or_none()
    ids = {"message_id": message_id}
    if message is None:
        raise ChatError(Code.NOT_FOUND, ids=ids)
    if message.role != Role.ASSISTANT:
        raise ChatError(
            Code.INVALID, "Only an answer can be judged, and this message is a question.", ids=ids
        )
    of_message = feedback.c.message_id == message_id
    known = connection.execute(select(feedback).where(of_message)).one_or_none()
    if known is not None and (known.value, known.comment) == (value, comment):
        return
    connection.execute(delete(feedback).where(of_message))
    if value is not None:
        row = {"message_id": message_id, "session_id": session_id, "value": value, "comment": comment}
        connection.execute(insert(feedback).values(**row, updated_at=to_micros(now)))
