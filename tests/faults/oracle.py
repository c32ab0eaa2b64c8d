"""What must hold after every fault, whatever it was.

What the client shows == what the database holds == a prefix (the whole, if it is complete) of what the chain
said; at most one run per answer, and one answer per `client_message_id`; exactly one terminal event; nothing
left open or half there.
Each function returns what is wrong, in words; nothing is raised, so that one trial tells all of it.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, Row, case, create_engine, func, select
from sqlalchemy.pool import NullPool

from api.core.lifecycle import Status
from api.core.text import checksum
from api.database.tables import IS_RUNNING, events, messages, sends, sessions
from chains.script import read_script

ENDS = frozenset(status.value for status in Status if status.terminal)
COMPLETE = frozenset({Status.COMPLETE.value})
_CID = re.compile(r"\bcid=(\S+)")


def question(client_message_id: str, **words: object) -> str:
    """What to ask the scripted chain, so that its record tells for whom it ran."""
    return " ".join([*(f"{key}={value}" for key, value in words.items()), f"cid={client_message_id}"])


@dataclass(frozen=True)
class Shown:
    """One answer as a client shows it. `status` is the last one it was told.

    `asked_as` is the `client_message_id` of its question, if that is another than its own: for a retry.
    """

    session_id: str
    message_id: str
    client_message_id: str
    question: str
    text: str
    status: str
    asked_as: str = ""


class Record:
    """The runs that the scripted chain has noted, counted by `client_message_id`; read on where it grew."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0
        self._runs: Counter[str] = Counter()
        self._ends: dict[str, dict[str, Any]] = {}

    def end(self, client_message_id: str) -> dict[str, Any] | None:
        """What was noted when the newest run for this message ended."""
        self.runs()
        return self._ends.get(client_message_id)

    def runs(self) -> Counter[str]:
        if self._file.exists():
            with self._file.open("rb") as file:
                file.seek(self._offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._offset += len(line)
                    self._count(json.loads(line))
        return self._runs

    def _count(self, line: dict[str, Any]) -> None:
        found = _CID.search(line["question"])
        if line["event"] == "begin" and found:
            self._runs[found[1]] += 1
        elif line["event"] == "end" and found:
            self._ends[found[1]] = line


class Oracle:
    """Judges what clients show by a server's database (a URL of SQLAlchemy's) and its chain's record."""

    def __init__(self, database: str | Path, record: Path) -> None:
        url = database if isinstance(database, str) else f"sqlite:///{database}"
        self._engine = create_engine(url, poolclass=NullPool)
        self._record = Record(record)

    def judge(
        self, shown: Sequence[Shown], *, ended: bool = True, statuses: Collection[str] = ENDS
    ) -> list[str]:
        """`ended`: every answer that is shown must be terminal by now. `statuses`: how one may have ended.

        A proof names those that its fault can bring about: an answer that failed early is a right prefix too.
        """
        runs = self._record.runs()
        with self._engine.connect() as connection:
            rows = _by_id(connection, messages, messages.c.id, [each.message_id for each in shown])
            told = list(_tell_apart(shown))
            for each in shown:
                row = rows.get(each.message_id)
                count = runs[each.asked_as or each.client_message_id]
                found = [*_of_runs(connection, each, row, count), *_of_row(each, row, ended=ended)]
                if row is not None:
                    found += [*_of_end(row, statuses), *_of_log(connection, row)]
                told += [f"{each.client_message_id} ({each.message_id}): {words}" for words in found]
        return told

    def leftovers(self) -> list[str]:
        """What must never be there while nothing runs: open answers, halves of acceptances, gaps in logs."""
        with self._engine.connect() as connection:
            return [
                *_open(connection),
                *_halves(connection),
                *_uneven_logs(connection),
                *_overlapping(connection),
                *self._doubled(connection),
            ]

    def _doubled(self, connection: Connection) -> Iterator[str]:
        answers = _retried(connection)
        for name, count in self._record.runs().items():
            if count > answers.get(name, 1):
                yield f"the chain ran {count} times for {name}, which has {answers.get(name, 1)} answers"

    def ended(self, client_message_id: str) -> dict[str, Any] | None:
        """What the chain noted at the end of its newest run for this message."""
        return self._record.end(client_message_id)

    def kept(self, session_id: str, *, superseded: bool = False) -> list[dict[str, Any]]:
        """The messages of a session in order, by the wire's names; of several attempts only the last."""
        columns = (
            messages.c.id,
            messages.c.number.label("index"),
            messages.c.role,
            messages.c.status,
            messages.c.content,
            messages.c.client_message_id,
            messages.c.reply_to,
            messages.c.retry_of,
        )
        with self._engine.connect() as connection:
            there = select(sessions.c.id).where(sessions.c.id == session_id, sessions.c.deleted_at.is_(None))
            statement = select(*columns).where(messages.c.session_id.in_(there))
            rows = [dict(row._mapping) for row in connection.execute(statement.order_by(messages.c.number))]
        replaced = set() if superseded else {row["retry_of"] for row in rows}
        return [row for row in rows if row["id"] not in replaced]

    def listed(self, user_id: str) -> list[dict[str, Any]]:
        """A user's sessions, by the wire's names."""
        names = ("id", "title", "chain", "revision", "message_count", "last_message_preview")
        columns = [sessions.c[name] for name in names]
        statement = select(*columns).where(sessions.c.user_id == user_id, sessions.c.deleted_at.is_(None))
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(statement)]

    def code(self, message_id: str) -> str | None:
        """Why an answer did not come to its end, as it is kept."""
        with self._engine.connect() as connection:
            error = connection.execute(select(messages.c.error).where(messages.c.id == message_id)).scalar()
            return None if error is None else str(json.loads(error)["code"])

    def accepted(self, client_message_id: str) -> tuple[str, str] | None:
        """The ids of the session and the answer that were accepted under this id, by whomever."""
        with self._engine.connect() as connection:
            statement = select(sends.c.session_id, sends.c.pending_message_id).where(
                sends.c.client_message_id == client_message_id
            )
            row = connection.execute(statement).one_or_none()
            return None if row is None else (row.session_id, row.pending_message_id)


def _by_id(connection: Connection, table: Any, column: Any, ids: Iterable[str]) -> dict[str, Row[Any]]:
    """Rows by id, a few hundred to a statement."""
    wanted, found = list(ids), dict[str, Row[Any]]()
    for start in range(0, len(wanted), 500):
        statement = select(table).where(column.in_(wanted[start : start + 500]))
        found |= {row.id: row for row in connection.execute(statement)}
    return found


def _tell_apart(shown: Sequence[Shown]) -> Iterator[str]:
    """One id of a client's is one answer, whoever shows it."""
    answers: dict[str, str] = {}
    for each in shown:
        first = answers.setdefault(each.client_message_id, each.message_id)
        if first != each.message_id:
            yield f"{each.client_message_id} has two answers: {first}, {each.message_id}"


def _of_runs(connection: Connection, shown: Shown, row: Row[Any] | None, count: int) -> Iterator[str]:
    if count > 1 and (row is None or count > _attempts(connection, row)):
        yield f"the chain ran {count} times"
    if count == 0 and shown.text:
        yield "text is shown of a chain that never ran"


def _attempts(connection: Connection, row: Row[Any]) -> int:
    """How many answers there are to the question of this one."""
    same = (messages.c.session_id == row.session_id, messages.c.reply_to == row.reply_to)
    return connection.execute(select(func.count()).where(*same)).scalar_one()


def _retried(connection: Connection) -> dict[str, int]:
    """Of questions with several answers: how many, by the `client_message_id` of the question."""
    question, count = messages.alias("question"), func.count()
    statement = (
        select(question.c.client_message_id, count)
        .join(messages, messages.c.reply_to == question.c.id)
        .where(messages.c.session_id == question.c.session_id)
        .group_by(question.c.id)
        .having(count > 1)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def _of_row(shown: Shown, row: Row[Any] | None, *, ended: bool) -> Iterator[str]:
    if row is None:
        yield "it is shown and the database does not hold it"
        return
    status = Status(row.status)
    said = read_script(shown.question).text()
    if ended and not status.terminal:
        yield f"it is still {status.value}"
    if ended and shown.status != status.value:
        yield f"shown as {shown.status}, kept as {status.value}"
    if status.terminal and shown.text != row.content:
        yield _difference("what is shown is not what is kept", shown.text, row.content)
    if not said.startswith(shown.text):
        yield _difference("what is shown is not what the chain said", shown.text, said)
    if status is Status.COMPLETE and row.content != said:
        yield _difference("complete, and not the whole", row.content, said)


def _of_end(row: Row[Any], statuses: Collection[str]) -> Iterator[str]:
    if Status(row.status).terminal and row.status not in statuses:
        code = f" ({json.loads(row.error)['code']})" if row.error else ""
        yield f"it ended {row.status}{code}, which nothing here brings about"


def _of_log(connection: Connection, row: Row[Any]) -> Iterator[str]:
    """Its events, if they have not been trimmed: pieces end to end, and one end that describes them."""
    statement = select(events).where(events.c.session_id == row.session_id, events.c.message_id == row.id)
    log = list(connection.execute(statement.order_by(events.c.seq)))
    pieces = [event for event in log if event.kind == "piece"]
    ends = [event for event in log if event.kind == "end"]
    at = 0
    for piece in pieces:
        if piece.at != at:
            yield f"the piece at seq {piece.seq} begins at {piece.at}, not at {at}"
        at = piece.at + len(piece.body)
    if not Status(row.status).terminal:
        return
    if len(ends) != 1:
        yield f"{len(ends)} terminal events"
        return
    text = "".join(piece.body for piece in pieces)
    end = json.loads(ends[0].body)
    if text != row.content:
        yield _difference("the log is not what is kept", text, row.content)
    if (ends[0].at, end["crc32"], end["status"]) != (len(text), checksum(text), row.status):
        yield f"the terminal event does not describe it: {ends[0].at}, {ends[0].body[:200]}"
    if log[-1].kind != "end":
        yield "something follows its terminal event"


def _open(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(messages.c.id, messages.c.status).where(IS_RUNNING)):
        yield f"{row.id} is left {row.status}"


def _halves(connection: Connection) -> Iterator[str]:
    """An acceptance is its question, its answer and the row that remembers it: all or none."""
    count = func.count()
    asked = connection.execute(select(count).where(messages.c.role == "user")).scalar_one()
    answered = connection.execute(
        select(func.count(messages.c.reply_to.distinct())).where(messages.c.role == "assistant")
    ).scalar_one()
    remembered = connection.execute(
        select(count).select_from(sends).where(sends.c.kind == "send")
    ).scalar_one()
    if not asked == answered == remembered:
        yield f"{asked} questions, {answered} of them with answers, {remembered} acceptances"


def _uneven_logs(connection: Connection) -> Iterator[str]:
    of_log = (
        select(events.c.session_id, func.max(events.c.seq).label("end"), func.count().label("number"))
        .group_by(events.c.session_id)
        .subquery()
    )
    # Beyond `seq` are pieces of a running answer.
    end = case((of_log.c.end > sessions.c.seq, of_log.c.end), else_=sessions.c.seq)
    statement = (
        select(sessions.c.id, sessions.c.seq, of_log.c.end, of_log.c.number)
        .outerjoin(of_log, of_log.c.session_id == sessions.c.id)
        .where(sessions.c.deleted_at.is_(None))
        .where(func.coalesce(of_log.c.number, 0) != end)  # nothing is old enough to be trimmed
    )
    for row in connection.execute(statement):
        yield f"session {row.id}: {row.number} events up to {row.end}, seq {row.seq}"


def _overlapping(connection: Connection) -> Iterator[str]:
    """An answer comes into being only after the one before it in its session has ended."""
    later = messages.alias("later")
    statement = (
        select(messages.c.id, later.c.id)
        .join(later, later.c.session_id == messages.c.session_id)
        .where(messages.c.role == "assistant", later.c.role == "assistant")
        .where(messages.c.number < later.c.number, messages.c.ended_seq >= later.c.created_seq)
    )
    for earlier, next_one in connection.execute(statement):
        yield f"{next_one} came into being while {earlier} was not ended"


def _difference(words: str, one: str, other: str) -> str:
    same = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    near = slice(max(0, same - 10), same + 30)
    return f"{words}: {len(one)} and {len(other)} long, differ at {same}: {one[near]!r}, {other[near]!r}"


async def over_rest(client: httpx.AsyncClient, shown: Sequence[Shown]) -> list[str]:
    """What REST tells of each answer must be what is shown; `client` carries the user's token."""
    found = []
    for each in shown:
        path = f"/api/chat/sessions/{each.session_id}/messages/{each.message_id}"
        told = (await client.get(path)).raise_for_status().json()
        if (told["content"], told["status"]) != (each.text, each.status):
            found.append(
                _difference(
                    f"{each.message_id}: shown {each.status}, REST {told['status']}",
                    each.text,
                    told["content"],
                )
            )
    return found
