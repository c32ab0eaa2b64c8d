"""What a search takes among 100,000 messages of 1,000 users, and what it adds to keep them findable.

`python -m loadtests.bench.search` makes the messages in a folder of its own, past the server, searches them
as its users and prints one line of JSON; everything is gone afterwards.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from api.core.query import parse
from api.core.words import owners_terms
from api.database.database import Database, open_database
from api.database.lock import DataFolderLock
from api.database.tables import messages
from api.store.search import add_terms, find
from api.store.sessions import insert_session

VOCABULARY = 30_000
COMMIT = 20  # messages
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench.search", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=1_000)
    parser.add_argument("--searches", type=int, default=500, help="of each kind")
    chosen = parser.parse_args(arguments)
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'chat.db'}"
        lock = DataFolderLock(folder)
        lock.take()
        database = open_database(url, lock, lambda: f"epoch-{next(numbers)}")
        talk = Talk(random.Random(1))  # noqa: S311 - the same each time
        found: dict[str, Any] = {"messages": chosen.messages, "users": chosen.users}
        found |= fill(database, talk, chosen.messages, chosen.users)
        found |= asyncio.run(searched(database, talk, chosen.users, chosen.searches))
        print(json.dumps(found))
    return 0


class Talk:
    """Words as often as people use them: a few all the time, most of them hardly ever."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.words = ["".join(chance.choices(LETTERS, k=chance.randint(2, 10))) for _ in range(VOCABULARY)]
        self._weights = list(itertools.accumulate(1 / (rank + 1) ** 0.9 for rank in range(VOCABULARY)))

    def says(self, count: int) -> str:
        return " ".join(self.chance.choices(self.words, cum_weights=self._weights, k=count))


def fill(database: Database, talk: Talk, count: int, users: int) -> dict[str, float]:
    """Milliseconds that a message costs more in its transaction, and its share of the commit."""
    adding: list[float] = []
    committing: list[float] = []
    for batch in batches(range(count)):
        connection = database.writing.connect()
        transaction = connection.begin()
        adding += [add(connection, talk, number, f"user-{number // 2 % users}") for number in batch]
        start = time.perf_counter()
        transaction.commit()
        committing.append((time.perf_counter() - start) * 1000 / COMMIT)
        connection.close()
    return {
        "add_ms_p50": percentile(adding, 50),
        "add_ms_p95": percentile(adding, 95),
        "add_ms_p99": percentile(adding, 99),
        "commit_share_ms_p50": percentile(committing, 50),
        "commit_share_ms_p95": percentile(committing, 95),
    }


def batches(numbers: range) -> Iterator[range]:
    for start in range(0, len(numbers), COMMIT):
        yield numbers[start : start + COMMIT]


def add(connection: Connection, talk: Talk, number: int, user: str) -> float:
    asked = number % 2 == 0
    message, session, text = f"message-{number:09}", f"session-{user}", talk.says(15 if asked else 150)
    known = connection.exec_driver_sql("SELECT 1 FROM sessions WHERE id = ?", (session,)).one_or_none()
    if known is None:
        insert_session(connection, user, session, "A session", "rag", datetime.now(UTC))
    row = {
        "id": message,
        "session_id": session,
        "number": number,
        "role": "user" if asked else "assistant",
        "status": "complete",
        "content": text,
        "created_at": number,
        "created_seq": 0,
    }
    connection.execute(insert(messages), row)
    start = time.perf_counter()
    add_terms(connection, message, owners_terms(user, text))
    return (time.perf_counter() - start) * 1000


async def searched(database: Database, talk: Talk, users: int, searches: int) -> dict[str, float]:
    kinds: dict[str, Callable[[], str]] = {
        "common_word": lambda: talk.words[talk.chance.randrange(20)],
        "two_words": lambda: " ".join(talk.words[talk.chance.randrange(200)] for _ in range(2)),
        "one_letter": lambda: talk.chance.choice(LETTERS),
        "rare_word": lambda: talk.words[-talk.chance.randrange(1, 10_000)],
    }
    found: dict[str, float] = {}
    for kind, words in kinds.items():
        times = []
        for _ in range(searches):
            user, query = f"user-{talk.chance.randrange(users)}", parse(words())
            start = time.perf_counter()
            await database.readers.read(partial(find, user_id=user, query=query, limit=20))
            times.append((time.perf_counter() - start) * 1000)
        found |= {f"{kind}_ms_p50": percentile(times, 50), f"{kind}_ms_p95": percentile(times, 95)}
    await database.readers.close()
    return found


def percentile(times: Sequence[float], percent: int) -> float:
    return round(statistics.quantiles(times, n=100)[percent - 1], 3)


if __name__ == "__main__":
    sys.exit(main())
