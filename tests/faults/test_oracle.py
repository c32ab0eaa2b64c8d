"""The oracle sees each thing that must never be: what is damaged here by hand, it names."""

import json
import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.asking import identified, message, read, send, until_ended
from tests.faults.launching import Zygote
from tests.faults.oracle import COMPLETE, Oracle, Shown, over_rest
from tests.faults.server import Server

pytestmark = pytest.mark.anyio

CHANCE = random.Random(3)
SEVERED = "UPDATE messages SET content = substr(content, 1, 9) WHERE role = 'assistant'"
OPEN = "UPDATE messages SET status = 'streaming' WHERE role = 'assistant'"
FAILED = """UPDATE messages SET status = 'failed', error = '{"code": "chain_failed"}'
    WHERE role = 'assistant'"""
NO_END = "DELETE FROM events WHERE kind = 'end'"
MOVED = "UPDATE events SET at = at + 1 WHERE kind = 'piece'"
OTHER_PIECE = "UPDATE events SET body = 'x' || substr(body, 2) WHERE kind = 'piece'"
NO_QUESTION = "DELETE FROM messages WHERE role = 'user'"
FORGOTTEN = "DELETE FROM sends"
HOLE = "DELETE FROM events WHERE seq = 2"
ANOTHER = """INSERT INTO messages
    (id, session_id, number, role, status, content, reply_to, created_at, created_seq)
    SELECT 'another', session_id, number + 1, role, status, content, reply_to, created_at, {seq}
    FROM messages WHERE role = 'assistant'"""
BEFORE_THE_END = ANOTHER.format(seq="ended_seq")
AFTER_THE_END = ANOTHER.format(seq="ended_seq + 1")


@pytest.fixture
async def world(launcher: Zygote, tmp_path: Path) -> tuple[Server, Oracle, Shown]:
    """A server that has gone, after it answered one message."""
    async with Server(launcher, tmp_path) as server:
        await server.start()
        sent = message(CHANCE, tokens=20)
        async with server.client(headers=await identified(server)) as client:
            await send(client, sent)
            await until_ended(client, sent)
            shown = await read(client, sent)
            assert await over_rest(client, [shown]) == []
            assert await over_rest(client, [replace(shown, text="t0 ")]) != []
    return server, Oracle(server.database, server.record), shown


def damage(server: Server, statement: str) -> None:
    with closing(sqlite3.connect(server.database)) as connection, connection:
        connection.execute(statement)


def found(oracle: Oracle, shown: Sequence[Shown]) -> str:
    return "\n".join([*oracle.judge(shown), *oracle.leftovers()])


async def test_what_is_right_is_passed(world: tuple[Server, Oracle, Shown]) -> None:
    _, oracle, shown = world
    assert found(oracle, [shown]) == ""


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (SEVERED, "what is shown is not what is kept"),
        (SEVERED, "complete, and not the whole"),
        (OPEN, "it is still streaming"),
        (OPEN, "is left streaming"),
        (NO_END, "0 terminal events"),
        (NO_END, "events up to"),
        (MOVED, "begins at 1, not at 0"),
        (OTHER_PIECE, "the log is not what is kept"),
        (OTHER_PIECE, "the terminal event does not describe it"),
        (NO_QUESTION, "0 questions, 1 of them with answers"),
        (FORGOTTEN, "0 acceptances"),
        (HOLE, "events up to"),
        (BEFORE_THE_END, "another came into being while"),
    ],
)
async def test_a_damaged_database_is_seen(
    world: tuple[Server, Oracle, Shown], statement: str, words: str
) -> None:
    server, oracle, shown = world
    damage(server, statement)
    assert words in found(oracle, [shown])


async def test_what_a_client_shows_wrongly_is_seen(world: tuple[Server, Oracle, Shown]) -> None:
    _, oracle, shown = world
    assert "not what the chain said" in found(oracle, [replace(shown, text=shown.text + "t0 ")])
    assert "not what is kept" in found(oracle, [replace(shown, text=shown.text[:-4])])
    assert "shown as failed, kept as complete" in found(oracle, [replace(shown, status="failed")])
    assert "does not hold it" in found(oracle, [replace(shown, message_id="another")])
    assert "two answers" in found(oracle, [shown, replace(shown, message_id="another")])


async def test_an_end_that_may_not_be_is_seen(world: tuple[Server, Oracle, Shown]) -> None:
    server, oracle, shown = world
    assert oracle.judge([shown], statuses=COMPLETE) == []
    damage(server, FAILED)
    failed = replace(shown, status="failed")
    assert "it ended failed (chain_failed)" in "\n".join(oracle.judge([failed], statuses=COMPLETE))
    assert "it ended" not in "\n".join(oracle.judge([failed], statuses={"complete", "failed"}))


async def test_a_chain_that_ran_twice_or_never_is_seen(world: tuple[Server, Oracle, Shown]) -> None:
    server, oracle, shown = world
    assert "never ran" in found(oracle, [replace(shown, client_message_id="other")])
    assert found(oracle, [shown]) == ""
    with server.record.open("a") as record:
        record.write(json.dumps({"event": "begin", "question": shown.question}) + "\n")
    assert "the chain ran 2 times" in found(oracle, [shown])


async def test_a_run_for_each_attempt_is_right(world: tuple[Server, Oracle, Shown]) -> None:
    server, oracle, shown = world
    damage(server, AFTER_THE_END)
    with server.record.open("a") as record:
        record.write(json.dumps({"event": "begin", "question": shown.question}) + "\n")
    assert found(oracle, [shown]) == ""
    with server.record.open("a") as record:
        record.write(json.dumps({"event": "begin", "question": shown.question}) + "\n")
    assert "the chain ran 3 times for" in found(oracle, [shown])
