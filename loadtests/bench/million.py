"""A session of very many messages, put into the database past the server, which would take hours for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from api.database.engine import writing_engine
from api.database.tables import messages, sessions

BATCH = 50_000
START_MICROS = 1_700_000_000_000_000


def fill(database: Path, session_id: str, count: int) -> None:
    """Give the session `count` messages, a question and its answer in turn."""
    engine = writing_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        for start in range(1, count + 1, BATCH):
            numbers = range(start, min(start + BATCH, count + 1))
            connection.execute(insert(messages), [_row(session_id, number) for number in numbers])
        whole = update(sessions).where(sessions.c.id == session_id)
        connection.execute(whole.values(message_count=count, last_index=count))
    engine.dispose()


def message_id(number: int) -> str:
    return f"message-{number:09}"


def _row(session_id: str, number: int) -> Mapping[str, Any]:  # Any: SQL
    asked = number % 2 == 1
    text = f"Message {number}: " + ("what happens then? " if asked else "this is what happens then. " * 8)
    return {
        "id": message_id(number),
        "session_id": session_id,
        "number": number,
        "role": "user" if asked else "assistant",
        "status": "complete",
        "content": text,
        "reply_to": None if asked else message_id(number - 1),
        "created_at": START_MICROS + number,
        "completed_at": START_MICROS + number,
        "created_seq": 0,
    }
