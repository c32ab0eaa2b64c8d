"""Sessions that are long, made in a moment."""

import sqlite3
from pathlib import Path

PATIENCE_S = 10


def lengthen(folder: Path, session_id: str, count: int) -> None:
    """Put an even `count` of messages before those of the session: "question 1", "answer 2" and so on."""
    with sqlite3.connect(folder / "steadychat.db", timeout=PATIENCE_S) as database:
        database.execute("UPDATE messages SET number = -number - ? WHERE session_id = ?", (count, session_id))
        database.execute("UPDATE messages SET number = -number WHERE session_id = ?", (session_id,))
        database.execute(
            "UPDATE sessions SET last_index = last_index + ?, message_count = message_count + ? WHERE id = ?",
            (count, count, session_id),
        )
        (first,) = database.execute(
            "SELECT min(created_at) FROM messages WHERE session_id = ?", (session_id,)
        ).fetchone()
        database.executemany(
            "INSERT INTO messages (id, session_id, number, role, status, content, reply_to, created_at,"
            " completed_at, created_seq, ended_seq) VALUES (?, ?, ?, ?, 'complete', ?, ?, ?, ?, 0, 0)",
            [_row(session_id, number, first - count + number) for number in range(1, count + 1)],
        )


def _row(session_id: str, number: int, at: int) -> tuple[object, ...]:
    asks = number % 2 == 1
    text = f"question {number}" if asks else f"answer {number}\n\n" + "It was said long ago. " * (number % 23)
    reply_to = None if asks else _id(session_id, number - 1)
    role = "user" if asks else "assistant"
    return _id(session_id, number), session_id, number, role, text, reply_to, at, at


def _id(session_id: str, number: int) -> str:
    return f"{session_id[:24]}{number:012d}"
