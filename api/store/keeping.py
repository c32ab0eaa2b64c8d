"""Reading all that is kept of a session, from its beginning on."""

from collections.abc import Sequence

from sqlalchemy import Connection, Integer, bindparam, select

from api.core.events import Piece
from api.core.records import Feedback, Kept, Verdict
from api.database.portion import portion
from api.database.prepared import Prepared, Row
from api.database.tables import feedback, messages
from api.database.times import from_micros
from api.store.messages import SHOWN, with_text
from api.store.sessions import owned, require

MOST_ROWS = 200
MOST_CHARS = 256 * 1024


def read_kept(
    connection: Connection, user_id: str, session_id: str, after: int, waiting: Sequence[Piece]
) -> list[Kept]:
    """The messages after an index, until there are so many or they are so long; one at least, if there is."""
    require(connection.execute(owned(user_id, session_id)).one_or_none(), session_id)
    found = _OLDEST_FIRST.each(connection, session=session_id, after=after, limit=MOST_ROWS)
    rows, _ = portion(found, column="content", chars=MOST_CHARS)
    return [Kept(with_text(connection, row, waiting), not row.shown, _feedback(row)) for row in rows]


def _feedback(row: Row) -> Feedback | None:
    if row.verdict is None:
        return None
    return Feedback(Verdict(row.verdict), row.comment, from_micros(row.judged_at))


_OLDEST_FIRST = Prepared(
    select(
        messages,
        SHOWN.label("shown"),
        feedback.c.value.label("verdict"),
        feedback.c.comment,
        feedback.c.updated_at.label("judged_at"),
    )
    .outerjoin(feedback, feedback.c.message_id == messages.c.id)
    .where(messages.c.session_id == bindparam("session"), messages.c.number > bindparam("after"))
    .order_by(messages.c.number)
    .limit(bindparam("limit", type_=Integer))
)
